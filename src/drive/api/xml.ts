/**
 * Reads the few fixed shapes of XML that storage answers. Not a parser of XML: elements are found by name, without attributes or nesting
 * of the same name, which those shapes do not have.
 */

/** The content of each element of that name, in order. */
export function elementsOf(xml: string, name: string): string[] {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const found: string[] = [];
  let from = 0;
  for (;;) {
    const start = xml.indexOf(open, from);
    const end = start < 0 ? -1 : xml.indexOf(close, start);
    if (end < 0) return found;
    found.push(xml.slice(start + open.length, end));
    from = end + close.length;
  }
}

/** The text of the first element of that name. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = elementsOf(xml, name);
  return content === undefined ? undefined : unescaped(content);
}

/** Whether the document's outermost element has that name. */
export function isDocument(xml: string, root: string): boolean {
  const start = xml.replace(/^\uFEFF?\s*(<\?xml[^>]*\?>)?\s*/, '');
  return start.startsWith(`<${root}>`) || start.startsWith(`<${root} `) || start.startsWith(`<${root}/>`);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,8}));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

export function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => `&${character === '&' ? 'amp' : character === '<' ? 'lt' : character === '>' ? 'gt' : 'quot'};`,
  );
}

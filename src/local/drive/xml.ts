/**
 * XML as S3 and STS write it: elements in order, text escaped.
 */

/** Text, a list of elements of the same name, or nested elements; what is undefined is left out. */
export type XmlContent = string | number | boolean | undefined | readonly XmlContent[] | { readonly [name: string]: XmlContent };

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

export function xmlAnswer(
  root: string,
  content: XmlContent,
  init: { readonly status?: number; readonly namespace?: string } = {},
): Response {
  const { status = 200, namespace } = init;
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${inner(content)}</${root}>`;
  return new Response(text, { status, headers: { 'content-type': 'application/xml' } });
}

function inner(content: XmlContent): string {
  if (content === undefined) return '';
  if (typeof content !== 'object') return String(content).replace(/[&<>"\r]/g, (character) => escapes[character] ?? character);
  if (isList(content)) return content.map(inner).join('');
  return Object.entries(content)
    .flatMap(([name, value]) => (isList(value) ? value.map((entry) => element(name, entry)) : [element(name, value)]))
    .join('');
}

function isList(content: XmlContent): content is readonly XmlContent[] {
  return Array.isArray(content);
}

function element(name: string, content: XmlContent): string {
  return content === undefined ? '' : `<${name}>${inner(content)}</${name}>`;
}

/** A refusal in the words of S3. */
export class S3Error extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * The parts of a multipart body with the headers that they came with: `Request.formData()` drops the type of a part that has no file name,
 * and whether a scorer takes a part depends on it.
 */

export interface Part {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
}

const lineEnd = '\r\n';

/** The parts; undefined for a body that is not what its `Content-Type` says. */
export function readMultipart(body: ArrayBuffer, contentType: string): readonly Part[] | undefined {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return undefined;
  // With a line end before it the first delimiter looks like all others.
  const bytes = Buffer.concat([Buffer.from(lineEnd), Buffer.from(body)]);
  const delimiter = Buffer.from(`${lineEnd}--${boundary}`);
  const parts: Part[] = [];
  for (let start = bytes.indexOf(delimiter); start >= 0;) {
    const from = start + delimiter.length;
    if (bytes.subarray(from, from + 2).toString('latin1') === '--') return parts;
    const end = bytes.indexOf(delimiter, from);
    const part = end < 0 ? undefined : readPart(bytes.subarray(from, end));
    if (part === undefined) return undefined;
    parts.push(part);
    start = end;
  }
  return undefined;
}

function readPart(bytes: Buffer): Part | undefined {
  const headEnd = bytes.indexOf(lineEnd + lineEnd);
  if (headEnd < 0) return undefined;
  const head = bytes.subarray(0, headEnd).toString('utf8');
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
  const name = /(?:^|[\s;])name="([^"]*)"/i.exec(disposition)?.[1];
  if (name === undefined) return undefined;
  return {
    name,
    fileName: /(?:^|[\s;])filename="([^"]*)"/i.exec(disposition)?.[1],
    contentType: /^content-type:\s*(\S.*?)\s*$/im.exec(head)?.[1],
    bytes: bytes.subarray(headEnd + 2 * lineEnd.length),
  };
}

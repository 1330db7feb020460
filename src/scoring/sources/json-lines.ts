/**
 * Rows from a file with one JSON object a line. Blank lines are left out; a line that is not JSON is a row that is wrong.
 */
import { StringDecoder } from 'node:string_decoder';
import type { RowWriter } from '../row-writer.js';
import { closer, type OpenedRows, type OpenedText } from './row-source.js';

export function openJsonLines({ chunks, fraction }: OpenedText, writer: RowWriter): OpenedRows {
  const lines = linesOf(chunks);
  return {
    next: () => lines.next(),
    write: (line, index, problems) => {
      const row = parse(String(line));
      if (row !== undefined) return writer.fromObject(row.value, index, problems);
      problems.push({ row: index, problem: 'is not JSON' });
      return undefined;
    },
    close: closer(lines),
    ...(fraction === undefined ? {} : { fraction }),
  };
}

/** The parser's own message would quote the line. */
function parse(line: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(line) };
  } catch {
    return undefined;
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isFirst = true;
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const lines = (rest + (isFirst ? text.replace(/^\ufeff/, '') : text)).split('\n');
    isFirst = isFirst && text === '';
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield rest;
}

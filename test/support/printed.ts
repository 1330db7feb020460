/** Every way in which a value gets into a log, as one text. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';

export function printed(value: unknown): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  new Console(stream).log(value, [value], { value });
  const forms = [
    inspect(value, { depth: 20, showHidden: true }),
    inspect({ nested: [value] }, { depth: 20 }),
    JSON.stringify(value),
    String(value),
  ];
  return [text, ...forms, cloned(value), value instanceof Error ? (value.stack ?? '') : ''].join('\n');
}

/** A clone that is refused shows nothing either. */
function cloned(value: unknown): string {
  try {
    return inspect(structuredClone(value), { depth: 20, showHidden: true });
  } catch {
    return '';
  }
}

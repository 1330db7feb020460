/**
 * A token store in memory: rotated tokens outlive the credentials of a process, not the process.
 */
import type { TokenStore } from './token-store.js';

const mostKeys = 10_000;

/** A store for one process; the keys used longest ago are dropped when there are too many. */
export function memoryTokenStore(): TokenStore {
  const texts = new Map<string, string>();
  const turns = new Map<string, Promise<unknown>>();

  const write = (key: string, text: string): Promise<boolean> => {
    texts.delete(key);
    texts.set(key, text);
    const [oldest] = texts.keys();
    if (texts.size > mostKeys && oldest !== undefined) texts.delete(oldest);
    return Promise.resolve(true);
  };

  return {
    exclusively(key, work) {
      const entry = { read: () => Promise.resolve(texts.get(key)), write: (text: string) => write(key, text) };
      const result = (turns.get(key) ?? Promise.resolve()).then(() => work(entry));
      const turn = result
        .catch(() => undefined)
        .then(() => {
          if (turns.get(key) === turn) turns.delete(key);
        });
      turns.set(key, turn);
      return result;
    },
  };
}

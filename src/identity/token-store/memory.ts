/**
 * A token store in memory: rotated tokens outlive the credentials of a process, not the process.
 */
import type { Clock } from '../../internal/clock.js';
import type { StoredText, StoreEntry, TokenStore } from './token-store.js';

export interface MemoryStoreLimits {
  /** The keys used longest ago are dropped when there are more. Default 20,000: each user has one, and one for each token that the app was told. */
  readonly mostKeys?: number | undefined;
  /** A key that nobody used for so long is dropped. Default 12 hours. */
  readonly idleMs?: number | undefined;
}

interface Kept {
  readonly text: string;
  readonly writtenAt: number;
  readonly lifeMs: number;
  usedAt: number;
}

/** A store for one process. What somebody is working on is not dropped. */
export function memoryTokenStore(clock: Clock, { mostKeys = 20_000, idleMs = 12 * 3_600_000 }: MemoryStoreLimits = {}): TokenStore {
  /** In the order of their use. */
  const texts = new Map<string, Kept>();
  const turns = new Map<string, Promise<unknown>>();

  const read = (key: string): StoredText | undefined => {
    const kept = texts.get(key);
    if (kept === undefined) return undefined;
    const now = clock.monotonic();
    texts.delete(key);
    if (now - kept.usedAt > idleMs || now - kept.writtenAt > kept.lifeMs) return undefined;
    kept.usedAt = now;
    texts.set(key, kept);
    return { text: kept.text, ageMs: now - kept.writtenAt };
  };
  const write = (key: string, text: string, lifeMs: number): void => {
    const now = clock.monotonic();
    texts.delete(key);
    texts.set(key, { text, writtenAt: now, lifeMs, usedAt: now });
    for (const [oldest, { usedAt }] of texts) {
      if (texts.size <= mostKeys && now - usedAt <= idleMs) break;
      if (turns.has(oldest)) continue;
      texts.delete(oldest);
    }
  };

  return {
    isPrivate: true,
    read: (key) => Promise.resolve(read(key)),
    put(key, text, lifeMs) {
      write(key, text, lifeMs);
      return Promise.resolve();
    },
    exclusively(key, work) {
      let seen: string | undefined;
      const entry: StoreEntry = {
        isHeld: () => true,
        read() {
          const stored = read(key);
          seen = stored?.text;
          return Promise.resolve(stored);
        },
        replace(text, lifeMs) {
          if (read(key)?.text !== seen) return Promise.resolve(false);
          seen = text;
          write(key, text, lifeMs);
          return Promise.resolve(true);
        },
      };
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

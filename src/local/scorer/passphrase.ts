/**
 * Whether a plain passphrase is the one that a deployment keeps, plain or hashed.
 */
import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { compare } from 'bcryptjs';
import type { PassphraseHash } from '../state.js';

interface KeptPassphrase {
  readonly hash: string;
  readonly hashType: PassphraseHash;
}

export type PassphraseCheck = (plain: string, kept: KeptPassphrase) => Promise<boolean>;

/** Hashes that would keep a machine busy for minutes open nothing. */
const mostBcryptRounds = 16;
const mostIterations = 10_000_000;

/** A check that remembers what was right: a hash is slow by design, and a scorer is asked often. */
export function passphraseCheck(): PassphraseCheck {
  const opened = new Map<string, string>();
  return async (plain, kept) => {
    if (kept.hashType === 'PLAINTEXT') return areEqual(Buffer.from(plain), Buffer.from(kept.hash));
    const known = opened.get(kept.hash);
    if (known !== undefined && areEqual(Buffer.from(plain), Buffer.from(known))) return true;
    // Some clients call every hash BCRYPT.
    const isRight = kept.hash.startsWith('pbkdf2:') ? await isOfPbkdf2(plain, kept.hash) : await isOfBcrypt(plain, kept.hash);
    if (isRight) opened.set(kept.hash, plain);
    return isRight;
  };
}

async function isOfBcrypt(plain: string, hash: string): Promise<boolean> {
  const rounds = Number(/^\$2[aby]?\$(\d+)\$/.exec(hash)?.[1] ?? Infinity);
  // Fails for a hash that bcrypt never makes.
  return rounds <= mostBcryptRounds && (await compare(plain, hash).catch(() => false));
}

const derive = promisify(pbkdf2);

async function isOfPbkdf2(plain: string, hash: string): Promise<boolean> {
  const [, digest, iterations, salt, hex] = /^pbkdf2:(sha256|sha512):(\d+)\$([^$]+)\$((?:[0-9a-f]{2})+)$/i.exec(hash) ?? [];
  if (digest === undefined || salt === undefined || hex === undefined || Number(iterations) > mostIterations) return false;
  const expected = Buffer.from(hex, 'hex');
  // Fails for a count of iterations that none can have.
  const derived = await derive(plain, salt, Number(iterations), expected.length, digest).catch(() => undefined);
  return derived !== undefined && areEqual(derived, expected);
}

const areEqual = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

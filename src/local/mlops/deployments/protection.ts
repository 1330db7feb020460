/**
 * How deployments are protected, whichever API says so: kinds, secrets that are made here, and which changes are taken.
 */
import { createHash, pbkdf2Sync, randomBytes, randomInt } from 'node:crypto';
import type { Protection, Security } from '../../state.js';
import type { SecurityKind } from '../context.js';
import { invalidArgument } from '../rpc-error.js';

export const kindOf = (protection: Protection): SecurityKind => {
  if (protection.kind !== 'passphrase') return protection.kind;
  return protection.hashType === 'PLAINTEXT' ? 'passphrase' : 'hashed-passphrase';
};

/** What a deployment gets that asks for nothing. */
export const defaultKind = (activated: readonly SecurityKind[]): SecurityKind | undefined =>
  activated.includes('oidc') ? 'oidc' : activated[0];

/** The protection of a deployment that asks for none. */
export function defaultProtection(activated: readonly SecurityKind[]): Protection {
  const kind = defaultKind(activated);
  if (kind === 'oidc' || kind === 'none') return { kind };
  throw invalidArgument('security is not set, and there is no default for it');
}

export function checkActivated(protection: Protection, activated: readonly SecurityKind[]): void {
  const kind = kindOf(protection);
  if (!activated.includes(kind))
    throw invalidArgument(`security option "${kind}" is not activated in this environment; activated are: ${activated.join(', ')}`);
}

export const newSecurity = (protection: Protection, now: number, name = ''): Security => ({
  // Clients insist on a whole number.
  id: String(randomInt(1, 2 ** 47)),
  name,
  updatedAt: now,
  protection,
});

/** Few: a local cloud guards nothing, and hashes while a request waits. */
const iterations = 1000;

/** A passphrase as it is kept where the platform hashes it. */
export function hashedPassphrase(plain: string): Protection {
  const salt = randomBytes(8).toString('hex');
  const hash = pbkdf2Sync(plain, salt, iterations, 32, 'sha256').toString('hex');
  return { kind: 'passphrase', hash: `pbkdf2:sha256:${iterations}$${salt}$${hash}`, hashType: 'PBKDF2' };
}

/** A new API key, which nobody can read again. */
export function newApiKey(): { readonly plaintext: string; readonly protection: Protection } {
  const plaintext = `h2oai_mlops_${randomBytes(24).toString('base64url')}`;
  return { plaintext, protection: { kind: 'api-key', prefix: plaintext.slice(0, 16), digest: keyDigest(plaintext) } };
}

export const keyDigest = (key: string): string => createHash('sha256').update(key).digest('hex');

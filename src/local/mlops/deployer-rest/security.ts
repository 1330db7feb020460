/**
 * How a deployment is protected, as the REST deployer reads and writes it: one way on 1.0 (`security`), several on 1.2 (`securities`).
 */
import type { JsonObject } from '../../json.js';
import type { Protection, Security } from '../../state.js';
import type { SecurityKind } from '../context.js';
import { checkActivated, defaultProtection, hashedPassphrase, kindOf, newApiKey, newSecurity } from '../deployments/protection.js';
import { messages, nested, optionalMessage, text } from '../message.js';
import { invalidArgument, notFound } from '../rpc-error.js';

const members = ['disabledSecurity', 'passphrase', 'tokenAuth', 'apiKey'];

export interface SecurityReader {
  readonly activated: readonly SecurityKind[];
  /** Whether `securities` is read. */
  readonly takesSeveral: boolean;
  readonly now: number;
  /** What the deployment has so far. */
  readonly present: readonly Security[];
  /** Takes the API keys that are made while reading, by the id of their security: they are shown once. */
  readonly issuedKeys: Map<string, string>;
}

/** The protections that a message asks for; those in `paths` of a field mask, if it is an update with one. */
export function readSecurities(message: JsonObject, paths: readonly string[], reader: SecurityReader): readonly Security[] {
  const entryPaths = paths.filter((path) => path.startsWith('securities.')).map((path) => path.slice('securities.'.length));
  if (entryPaths.length > 0) return checkedTogether(changedEntries(messages(message, 'securities'), entryPaths, reader));
  const list = reader.takesSeveral && !paths.includes('security') ? messages(message, 'securities') : [];
  if (list.length > 0 || paths.includes('securities')) return checkedTogether(list.map((entry) => readEntry(entry, reader)));
  const one = optionalMessage(message, 'security');
  const security = one === undefined ? newSecurity(defaultProtection(reader.activated), reader.now) : readEntry(one, reader);
  // Protection that is there is not taken away, and nothing says so.
  return security.protection.kind === 'none' && reader.present.length > 0 ? reader.present : [security];
}

function checkedTogether(securities: readonly Security[]): readonly Security[] {
  if (securities.length === 0) throw invalidArgument('securities is empty');
  if (securities.length > 1 && securities.some(({ protection }) => protection.kind === 'none'))
    throw invalidArgument('disabled_security stands alone, not beside others');
  return securities;
}

/** `<id>` replaces the entry of that id, or removes it where the message has none; `+<n>` adds the n entries that have no id. */
function changedEntries(sent: readonly JsonObject[], paths: readonly string[], reader: SecurityReader): readonly Security[] {
  const additions = paths.filter((path) => path.startsWith('+')).map((path) => Number(path.slice(1)));
  const added = sent.filter((entry) => text(entry, 'id') === '');
  const wanted = additions.reduce((sum, count) => sum + count, 0);
  if (wanted !== added.length) throw invalidArgument(`update_mask adds ${wanted} securities, but ${added.length} have no id`);
  const ids = paths.filter((path) => !path.startsWith('+'));
  const missing = ids.find((id) => !reader.present.some((security) => security.id === id));
  if (missing !== undefined) throw notFound('security', missing);
  const kept = reader.present.flatMap((security) => {
    if (!ids.includes(security.id)) return [security];
    const replacement = sent.find((entry) => entry['id'] === security.id);
    return replacement === undefined ? [] : [readEntry(replacement, reader)];
  });
  return [...kept, ...added.map((entry) => readEntry(entry, reader))];
}

function readEntry(entry: JsonObject, reader: SecurityReader): Security {
  const old = reader.present.find(({ id }) => id === text(entry, 'id'));
  const name = text(entry, 'displayName');
  const set = members.filter((member) => (entry[member] ?? undefined) !== undefined);
  const [member] = set;
  if (member === undefined || set.length > 1) throw invalidArgument(`security is exactly one of ${members.join(', ')}`);
  const security = securityOf(member, entry, { old, reader });
  checkActivated(security.protection, reader.activated);
  return { ...security, id: old?.id ?? security.id, name };
}

function securityOf(
  member: string,
  entry: JsonObject,
  { old, reader }: { readonly old: Security | undefined; readonly reader: SecurityReader },
): Security {
  const { now, issuedKeys } = reader;
  switch (member) {
    case 'apiKey': {
      if (old?.protection.kind === 'api-key') return old;
      const { plaintext, protection } = newApiKey();
      const security = newSecurity(protection, now);
      issuedKeys.set(old?.id ?? security.id, plaintext);
      return security;
    }
    case 'passphrase':
      return readPassphrase(nested(entry, 'passphrase'), old, now);
    case 'tokenAuth':
      if (text(nested(entry, 'tokenAuth'), 'authenticationProtocol') !== 'OIDC')
        throw invalidArgument('security.token_auth knows the protocol OIDC only');
      return newSecurity({ kind: 'oidc' }, now);
    default:
      return newSecurity({ kind: 'none' }, now);
  }
}

function readPassphrase(message: JsonObject, old: Security | undefined, now: number): Security {
  const passphrase = text(message, 'passphrase');
  const algorithm = text(message, 'hashAlgorithm');
  if (passphrase === '') {
    if (old !== undefined && kindOf(old.protection) === 'hashed-passphrase') return old;
    throw invalidArgument('security.passphrase is empty');
  }
  if (algorithm === 'PLAINTEXT') return newSecurity({ kind: 'passphrase', hash: passphrase, hashType: 'PLAINTEXT' }, now);
  if (algorithm === 'PBKDF2') return newSecurity(hashedPassphrase(passphrase), now);
  throw invalidArgument(`security.passphrase has no hash algorithm that is known: ${algorithm}`);
}

export const wireSecurity = ({ id, name, protection }: Security, issuedKeys: ReadonlyMap<string, string>): JsonObject => ({
  ...wireProtection(protection, issuedKeys.get(id)),
  id,
  displayName: name,
});

function wireProtection(protection: Protection, issuedKey: string | undefined): JsonObject {
  switch (protection.kind) {
    case 'none':
      return { disabledSecurity: {} };
    case 'oidc':
      return { tokenAuth: { authenticationProtocol: 'OIDC' } };
    case 'passphrase': {
      const { hash, hashType } = protection;
      // What is hashed is not shown.
      return { passphrase: { passphrase: hashType === 'PLAINTEXT' ? hash : '', hashAlgorithm: hashType } };
    }
    case 'api-key':
      return { apiKey: { ...(issuedKey === undefined ? {} : { plaintext: issuedKey }), prefix: protection.prefix } };
  }
}

const optionTypes: Readonly<Record<SecurityKind, JsonObject>> = {
  none: { disableSecurityType: {}, displayName: 'No security' },
  passphrase: { hashAlgorithm: 'PLAINTEXT', displayName: 'Passphrase (stored as plain text)' },
  'hashed-passphrase': { hashAlgorithm: 'PBKDF2', displayName: 'Passphrase (stored hashed)' },
  oidc: { authorizationProtocol: 'OIDC', displayName: 'OIDC token' },
  'api-key': { apiKey: {}, displayName: 'API key' },
};

export const wireSecurityOption = (kind: SecurityKind): JsonObject => optionTypes[kind];

/**
 * How a deployment is protected, as the deployer reads, writes and restricts it.
 */
import type { JsonObject } from '../../json.js';
import type { PassphraseHash, Protection, Security } from '../../state.js';
import { service } from '../context.js';
import type { GatewayContext, Methods, SecurityKind } from '../context.js';
import { checkActivated, defaultKind, defaultProtection, kindOf } from '../deployments/protection.js';
import { nested, optionalMessage, text } from '../message.js';
import { failedPrecondition, invalidArgument } from '../rpc-error.js';

const disabled = 'DISABLED_STATE_SECURITY_TYPE_DISABLED';
const oidc = 'AUTHORIZATION_PROTOCOL_OIDC';
const hashTypePrefix = 'PASSPHRASE_HASH_TYPE_';

const optionTypes: Readonly<Record<SecurityKind, readonly JsonObject[]>> = {
  none: [{ disableStateSecurityType: disabled }],
  passphrase: [{ passphraseHashType: `${hashTypePrefix}PLAINTEXT` }],
  'hashed-passphrase': [{ passphraseHashType: `${hashTypePrefix}BCRYPT` }, { passphraseHashType: `${hashTypePrefix}PBKDF2` }],
  oidc: [{ authorizationProtocol: oidc }],
  // This API has no word for it.
  'api-key': [],
};

export function securityMethods({ securityOptions }: GatewayContext): Methods {
  return service('deployer/ai.h2o.deploy.EnvironmentService', {
    ListSecurityOptions() {
      const preferred = defaultKind(securityOptions);
      const [defaultType = null] = preferred === undefined ? [] : optionTypes[preferred];
      return { securityOptionTypes: securityOptions.flatMap((kind) => optionTypes[kind]), defaultSecurityOptionType: defaultType };
    },
  });
}

/** The first of a deployment's protections that this API has a word for; nothing set where it has none. */
export function wireSecurity(securities: readonly Security[]): JsonObject {
  return securities.map(({ protection }) => wireProtection(protection)).find((wire) => wire !== undefined) ?? {};
}

function wireProtection(protection: Protection): JsonObject | undefined {
  switch (protection.kind) {
    case 'none':
      return { disabledSecurity: disabled };
    case 'oidc':
      return { tokenAuth: { authenticationProtocol: oidc } };
    case 'passphrase':
      return { passphrase: { hash: protection.hash, passphraseHashType: `${hashTypePrefix}${protection.hashType}` } };
    case 'api-key':
      return undefined;
  }
}

const pbkdf2Form = /^pbkdf2:sha(256|512):\d+\$[^$]+\$[^$]+$/;
const hashForms: Readonly<Record<PassphraseHash, readonly RegExp[]>> = {
  PLAINTEXT: [/^[\s\S]+$/],
  // Clients of 1.1 know no other type for a hash.
  BCRYPT: [/^\$2[aby]?\$\d+\$[./A-Za-z0-9]{53}$/, pbkdf2Form],
  PBKDF2: [pbkdf2Form],
};

const hashTypes = Object.keys(hashForms);
const isHashType = (value: string): value is PassphraseHash => hashTypes.includes(value);

function readPassphrase(message: JsonObject): Protection {
  const hash = text(message, 'hash');
  const hashType = text(message, 'passphraseHashType').replace(hashTypePrefix, '');
  if (hash === '') throw invalidArgument('security.passphrase is empty');
  if (!isHashType(hashType)) throw invalidArgument(`security.passphrase has no hash type that is known: ${hashType}`);
  if (!hashForms[hashType].some((form) => form.test(hash)))
    throw invalidArgument(`security.passphrase.hash is not of the form that ${hashType} has`);
  return { kind: 'passphrase', hash, hashType };
}

/** The protection that a message asks for, where the administrator has switched its kind on. */
export function readSecurity(message: JsonObject | undefined, activated: readonly SecurityKind[]): Protection {
  const protection = askedProtection(message ?? {}, activated);
  checkActivated(protection, activated);
  return protection;
}

function askedProtection(message: JsonObject, activated: readonly SecurityKind[]): Protection {
  const members = ['passphrase', 'tokenAuth', 'disabledSecurity'].filter((name) => (message[name] ?? undefined) !== undefined);
  if (members.length > 1) throw invalidArgument(`security is one of its members only, not ${members.join(' and ')}`);
  const passphrase = optionalMessage(message, 'passphrase');
  if (passphrase !== undefined) return readPassphrase(passphrase);
  if (members[0] === 'tokenAuth') {
    if (text(nested(message, 'tokenAuth'), 'authenticationProtocol') !== oidc)
      throw invalidArgument('security.token_auth knows AUTHORIZATION_PROTOCOL_OIDC only');
    return { kind: 'oidc' };
  }
  if (text(message, 'disabledSecurity') === disabled) return { kind: 'none' };
  return defaultProtection(activated);
}

/** Protection can be added and a passphrase exchanged; it cannot be taken away, nor a token be traded for a passphrase. */
export function checkSecurityChange(from: readonly Security[], to: readonly Security[]): void {
  const [old, wanted] = [from[0]?.protection, to[0]?.protection];
  if (old === undefined || wanted === undefined || old.kind === 'none' || old.kind === wanted.kind) return;
  throw failedPrecondition(`security cannot be changed from ${kindOf(old)} to ${kindOf(wanted)}`);
}

/**
 * Security of a deployment as platform 0.69 has it on the wire: one member of a oneof.
 */
import * as z from 'zod/mini';
import { invalidParameter } from '../../errors/configuration-error.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import { Secret } from '../../internal/secret.js';
import type { SecurityKindsApi } from '../security-kinds.js';
import { hashKind, type SecurityKind, type SecurityOption } from '../security-options.js';
import { known, listOf, rpc, text } from './rpc.js';
import type { Wires } from './wires.js';

export interface WireSecurity {
  readonly disabledSecurity?: string | null | undefined;
  readonly tokenAuth?: { readonly authenticationProtocol?: string | null | undefined } | null | undefined;
  readonly passphrase?:
    { readonly hash?: string | null | undefined; readonly passphraseHashType?: string | null | undefined } | null | undefined;
}

export const SecuritySchema: z.ZodMiniType<WireSecurity | null | undefined> = z.nullish(
  z.looseObject({
    disabledSecurity: text,
    tokenAuth: z.nullish(z.looseObject({ authenticationProtocol: text })),
    passphrase: z.nullish(z.looseObject({ hash: text, passphraseHashType: text })),
  }),
);

const disabled = 'DISABLED_STATE_SECURITY_TYPE_DISABLED';
const oidc = 'AUTHORIZATION_PROTOCOL_OIDC';
const plaintext = 'PASSPHRASE_HASH_TYPE_PLAINTEXT';
const hashPrefix = 'PASSPHRASE_HASH_TYPE_';

export function toSecurity(wire: WireSecurity | null | undefined): readonly SecurityOption[] {
  if (wire?.tokenAuth?.authenticationProtocol === oidc) return [{ type: 'oidc' }];
  if (known(wire?.disabledSecurity) === disabled) return [{ type: 'none' }];
  const passphrase = wire?.passphrase;
  const stored = known(passphrase?.hash);
  if (passphrase?.passphraseHashType === plaintext) {
    return [{ type: 'passphrase', atRest: 'plain', ...(stored === undefined ? {} : { passphrase: new Secret(stored) }) }];
  }
  if (passphrase?.passphraseHashType === `${hashPrefix}BCRYPT` || passphrase?.passphraseHashType === `${hashPrefix}PBKDF2`) {
    return [{ type: 'passphrase', atRest: 'hashed', ...(stored === undefined ? {} : { hash: new Secret(stored) }) }];
  }
  return [{ type: 'unknown' }];
}

/**
 * @throws {UnsupportedByPlatformError} several options, or an API key
 * @throws {ConfigurationError} a passphrase that is to be hashed came without its hash
 */
export function fromSecurity(options: readonly SecurityOption[]): WireSecurity {
  const [option] = options;
  if (option === undefined || options.length > 1) {
    throw new UnsupportedByPlatformError({
      what: 'Platform 0.69 guards a deployment with exactly one security option.',
      fix: 'Pass one of them; several at once need platform 1.2.',
    });
  }
  switch (option.type) {
    case 'none':
      return { disabledSecurity: disabled };
    case 'oidc':
      return { tokenAuth: { authenticationProtocol: oidc } };
    case 'passphrase':
      return { passphrase: fromPassphrase(option) };
    case 'apiKey':
    case 'unknown':
      throw new UnsupportedByPlatformError({
        what: `Platform 0.69 does not have security of kind ${option.type}.`,
        fix: 'Use SecurityOptions.oidc() or .passphrase(…); API keys need platform 1.2.',
      });
  }
}

function fromPassphrase(option: Extract<SecurityOption, { type: 'passphrase' }>): WireSecurity['passphrase'] {
  if (option.atRest === 'plain') {
    if (option.passphrase === undefined)
      throw invalidParameter('The passphrase is missing.', 'Make the option with SecurityOptions.passphrase(…).');
    return { hash: option.passphrase.reveal(), passphraseHashType: plaintext };
  }
  if (option.hash === undefined) {
    throw invalidParameter(
      'Platform 0.69 stores the hash that it is given and hashes nothing itself, and no hash was given.',
      "Pass `SecurityOptions.passphrase(plain, { atRest: 'hashed', hash })` with a bcrypt or PBKDF2 hash of the passphrase.",
    );
  }
  return { hash: option.hash.reveal(), passphraseHashType: `${hashPrefix}${hashKind(option.hash)}` };
}

const KindSchema = z.looseObject({ disableStateSecurityType: text, passphraseHashType: text, authorizationProtocol: text });
type WireKind = z.infer<typeof KindSchema>;

const listSecurityOptions = rpc({
  service: 'ai.h2o.deploy.EnvironmentService',
  mount: '/deployer',
  method: 'ListSecurityOptions',
  safe: true,
  answer: z.looseObject({ securityOptionTypes: listOf(KindSchema), defaultSecurityOptionType: z.nullish(KindSchema) }),
});

export function deployerRpcSecurityKinds({ gateway: send }: Wires): SecurityKindsApi {
  return {
    list: async (options) => {
      const answer = await send({ operation: listSecurityOptions, body: { environmentName: 'kubernetes' } }, options);
      const preferred = JSON.stringify(
        answer.defaultSecurityOptionType === undefined || answer.defaultSecurityOptionType === null
          ? null
          : toKind(answer.defaultSecurityOptionType, false),
      );
      return (answer.securityOptionTypes ?? []).map((wire) => toKind(wire, JSON.stringify(toKind(wire, false)) === preferred));
    },
  };
}

function toKind(wire: WireKind, isDefault: boolean): SecurityKind {
  if (known(wire.authorizationProtocol) === oidc) return { type: 'oidc', isDefault };
  if (known(wire.disableStateSecurityType) === disabled) return { type: 'none', isDefault };
  const hash = known(wire.passphraseHashType);
  if (hash === plaintext) return { type: 'passphrase', atRest: 'plain', isDefault };
  if (hash?.startsWith(hashPrefix) === true)
    return { type: 'passphrase', atRest: 'hashed', hash: hash.slice(hashPrefix.length), isDefault };
  return { type: 'unknown', isDefault };
}

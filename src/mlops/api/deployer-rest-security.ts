/**
 * Security of a deployment as platform 1.x has it on the wire: a oneof, of which 1.0 keeps one and 1.2 several.
 */
import * as z from 'zod/mini';
import { invalidParameter } from '../../errors/configuration-error.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import { operation } from '../../http/operation.js';
import { Secret } from '../../internal/secret.js';
import type { SecurityKindsApi } from '../security-kinds.js';
import type { SecurityKind, SecurityOption } from '../security-options.js';
import { compact, known, listOf, text } from './rpc.js';
import { objectAt, objectsAt, textAt, type WireObject } from './wire-object.js';
import type { Wires } from './wires.js';

/** How one platform keeps what guards a deployment. */
export interface SecurityDialect {
  readonly fieldMask: string;
  /** The member of a deployment. */
  from(options: readonly SecurityOption[]): WireObject;
  to(deployment: WireObject): readonly SecurityOption[];
  /** Refuses a change that the platform would ignore. */
  checkChange(before: readonly SecurityOption[], after: readonly SecurityOption[]): void;
}

/** Platform 1.0: one option. */
export const oneSecurity: SecurityDialect = {
  fieldMask: 'deployment.security',
  from: (options) => ({ security: fromOption(single(options)) }),
  to: (deployment) => [toOption(objectAt(deployment, 'security'))],
  checkChange(before, after) {
    const opens = after.some(({ type }) => type === 'none') && before.every(({ type }) => type !== 'none');
    if (!opens) return;
    throw new UnsupportedByPlatformError({
      what: 'Platform 1.0 answers an update that opens a guarded deployment with success and leaves it guarded.',
      fix: 'Create a new deployment with SecurityOptions.none(), and delete this one.',
    });
  },
};

/** Platform 1.2: several options, and API keys. */
export const severalSecurities: SecurityDialect = {
  fieldMask: 'deployment.securities',
  from: (options) => ({ securities: options.map((option) => (option.type === 'apiKey' ? { apiKey: {} } : fromOption(option))) }),
  to: (deployment) => {
    const securities = objectsAt(deployment, 'securities').map(toOption);
    // A deployment of platform 1.0 that nobody has touched since the upgrade.
    return securities.length === 0 && objectAt(deployment, 'security') !== undefined ? oneSecurity.to(deployment) : securities;
  },
  checkChange: () => undefined,
};

/** @throws {UnsupportedByPlatformError} several options */
function single(options: readonly SecurityOption[]): SecurityOption {
  const [option] = options;
  if (option !== undefined && options.length === 1) return option;
  throw new UnsupportedByPlatformError({
    what: 'Platform 1.0 guards a deployment with exactly one security option.',
    fix: 'Pass one of them; several at once need platform 1.2.',
  });
}

function fromOption(option: SecurityOption): WireObject {
  switch (option.type) {
    case 'none':
      return { disabledSecurity: {} };
    case 'oidc':
      return { tokenAuth: { authenticationProtocol: 'OIDC' } };
    case 'passphrase':
      return { passphrase: { passphrase: plainOf(option), hashAlgorithm: option.atRest === 'plain' ? 'PLAINTEXT' : 'PBKDF2' } };
    case 'apiKey':
    case 'unknown':
      throw new UnsupportedByPlatformError({
        what: `This platform does not have security of kind ${option.type}.`,
        fix: 'Use SecurityOptions.oidc() or .passphrase(…); API keys need platform 1.2.',
      });
  }
}

/** The platform hashes the passphrase itself; a hash that a caller brings is for platform 0.69, and stays here. */
function plainOf(option: Extract<SecurityOption, { type: 'passphrase' }>): string {
  if (option.passphrase !== undefined) return option.passphrase.reveal();
  throw invalidParameter(
    'The passphrase is missing: the platform tells no passphrase that it keeps hashed.',
    'Pass the plain text: SecurityOptions.passphrase(plain).',
  );
}

function toOption(wire: WireObject | undefined): SecurityOption {
  const passphrase = objectAt(wire, 'passphrase');
  if (textAt(objectAt(wire, 'tokenAuth'), 'authenticationProtocol') === 'OIDC') return { type: 'oidc' };
  if (objectAt(wire, 'disabledSecurity') !== undefined) return { type: 'none' };
  const apiKey = objectAt(wire, 'apiKey');
  if (apiKey !== undefined) {
    const plaintext = textAt(apiKey, 'plaintext');
    return {
      type: 'apiKey',
      ...compact({ prefix: textAt(apiKey, 'prefix'), key: plaintext === undefined ? undefined : new Secret(plaintext) }),
    };
  }
  if (passphrase === undefined) return { type: 'unknown' };
  if (textAt(passphrase, 'hashAlgorithm') !== 'PLAINTEXT') return { type: 'passphrase', atRest: 'hashed' };
  const told = textAt(passphrase, 'passphrase');
  return { type: 'passphrase', atRest: 'plain', ...(told === undefined ? {} : { passphrase: new Secret(told) }) };
}

const KindSchema = z.looseObject({
  disableSecurityType: z.nullish(z.looseObject({})),
  hashAlgorithm: text,
  authorizationProtocol: text,
  apiKey: z.nullish(z.looseObject({})),
});

const listSecurityOptionTypes = operation({
  name: 'ListSecurityOptionTypes',
  method: 'GET',
  path: '/deployer/v2/configuration/securityOptionTypes',
  safe: true,
  answer: z.looseObject({ securityOptionTypes: listOf(KindSchema) }),
});

export function deployerRestSecurityKinds({ gateway: send }: Wires): SecurityKindsApi {
  return {
    list: async (options) => {
      const answer = await send({ operation: listSecurityOptionTypes }, options);
      return (answer.securityOptionTypes ?? []).map(toKind);
    },
  };
}

function toKind(wire: z.infer<typeof KindSchema>): SecurityKind {
  if (known(wire.authorizationProtocol) === 'OIDC') return { type: 'oidc' };
  const hash = known(wire.hashAlgorithm);
  if (hash === 'PLAINTEXT') return { type: 'passphrase', atRest: 'plain' };
  if (hash !== undefined && hash !== 'HASH_ALGORITHM_UNSPECIFIED') return { type: 'passphrase', atRest: 'hashed', hash };
  if (wire.apiKey !== undefined && wire.apiKey !== null) return { type: 'apiKey' };
  return wire.disableSecurityType === undefined || wire.disableSecurityType === null ? { type: 'unknown' } : { type: 'none' };
}

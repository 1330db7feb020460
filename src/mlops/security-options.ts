/**
 * What guards a deployment's scorer: one vocabulary for all platforms, checked before anything is sent.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { checkMembers, memberOf, text } from '../http/given.js';
import { Secret } from '../internal/secret.js';

/** Anybody who can reach the scorer may score. */
export interface NoSecurity {
  readonly type: 'none';
}

/** A token of the cloud's identity provider is needed. */
export interface OidcSecurity {
  readonly type: 'oidc';
}

/** A key that the platform makes and shows once. Platform 1.2. */
export interface ApiKeySecurity {
  readonly type: 'apiKey';
  readonly prefix?: string;
  readonly key?: Secret;
}

/** A shared passphrase is needed. */
export interface PassphraseSecurity {
  readonly type: 'passphrase';
  /** How the platform keeps it. */
  readonly atRest: 'plain' | 'hashed';
  /** The passphrase itself: what was passed in, or what the platform tells of one kept plain. */
  readonly passphrase?: Secret;
  /** The hash that platform 0.69 stores: bcrypt, or `pbkdf2:sha256:<iterations>$<salt>$<hash>`. */
  readonly hash?: Secret;
}

/** Something this version of the package does not know. */
export interface UnknownSecurity {
  readonly type: 'unknown';
}

export type SecurityOption = NoSecurity | OidcSecurity | ApiKeySecurity | PassphraseSecurity | UnknownSecurity;

/** One option, or several where the platform takes several. */
export type SecurityInput = SecurityOption | readonly SecurityOption[];

/** A kind of security that an installation has activated. */
export interface SecurityKind {
  readonly type: SecurityOption['type'];
  /** For passphrases: how they may be kept. */
  readonly atRest?: 'plain' | 'hashed';
  /** For hashed passphrases: the hash, for instance `BCRYPT`. */
  readonly hash?: string;
  /** Whether the installation prefers it; absent where the platform does not tell. */
  readonly isDefault?: boolean;
}

/** Options of {@link SecurityOptions.passphrase}. */
export interface PassphraseOptions {
  /** How the platform keeps the passphrase; `hashed` on platform 0.69 needs `hash`. Default `plain`. */
  readonly atRest?: 'plain' | 'hashed' | undefined;
  /** The hash to store, for platform 0.69, which hashes nothing itself: bcrypt (`$2b$…`) or `pbkdf2:sha256:<iterations>$<salt>$<hash>`. */
  readonly hash?: string | undefined;
}

/**
 * Makes the `security` of a deployment.
 *
 * @example
 * const byToken = SecurityOptions.oidc();
 * const byPassphrase = SecurityOptions.passphrase('correct horse battery staple');
 * await mlops.deployments.create({ project, name: 'credit', composition: { model }, security: byToken });
 * await mlops.deployments.update(deployment, { security: byPassphrase });
 */
export const SecurityOptions: {
  /** Nobody is asked for anything. */
  none(): NoSecurity;
  /** Callers need a token of the cloud's identity provider; `user.scorer()` sends the user's. */
  oidc(): OidcSecurity;
  /** The platform makes a key and shows it once. Platform 1.2. */
  apiKey(): ApiKeySecurity;
  /**
   * Callers need the passphrase.
   *
   * @throws {ConfigurationError} the passphrase is empty, or the hash has another form than bcrypt or PBKDF2
   */
  passphrase(passphrase: string, options?: PassphraseOptions): PassphraseSecurity;
} = {
  none: () => ({ type: 'none' }),
  oidc: () => ({ type: 'oidc' }),
  apiKey: () => ({ type: 'apiKey' }),
  passphrase: (passphrase, options = {}) => {
    checkMembers(options, 'The options of a passphrase', { atRest: text, hash: text });
    if (typeof passphrase !== 'string' || passphrase.trim() === '') {
      throw invalidParameter(
        'The passphrase of a deployment is empty.',
        'Pass a passphrase, or SecurityOptions.none() for a deployment that anybody may score.',
      );
    }
    if (options.atRest !== undefined && !atRestKinds.has(options.atRest)) {
      throw invalidParameter(
        '`atRest` of a passphrase is neither `plain` nor `hashed`.',
        'Leave it out: a passphrase with a hash is kept hashed.',
      );
    }
    const atRest = options.atRest ?? (options.hash === undefined ? 'plain' : 'hashed');
    if (options.hash !== undefined && (atRest === 'plain' || !isHash(options.hash))) {
      throw invalidParameter(
        atRest === 'plain'
          ? 'A hash was given for a passphrase that is to be kept plain.'
          : 'The hash of the passphrase has an unknown form.',
        "Pass `{ atRest: 'hashed', hash }` with a bcrypt hash ($2b$…) or `pbkdf2:sha256:<iterations>$<salt>$<hash>`.",
      );
    }
    return {
      type: 'passphrase',
      atRest,
      passphrase: new Secret(passphrase),
      ...(options.hash === undefined ? {} : { hash: new Secret(options.hash) }),
    };
  },
};

const bcrypt = /^\$2[aby]?\$\d+\$[./A-Za-z0-9]{53}$/;
const pbkdf2 = /^pbkdf2:sha(?:256|512):\d+\$[^$]+\$[^$]+$/;

function isHash(text: string): boolean {
  return bcrypt.test(text) || pbkdf2.test(text);
}

export function hashKind(hash: Secret): 'BCRYPT' | 'PBKDF2' {
  return bcrypt.test(hash.reveal()) ? 'BCRYPT' : 'PBKDF2';
}

const atRestKinds = new Set<string>(['plain', 'hashed']);
const knownTypes = new Set(['none', 'oidc', 'apiKey', 'passphrase']);

function isSecurityOption(option: unknown): option is SecurityOption {
  const type = memberOf(option, 'type');
  return typeof type === 'string' && knownTypes.has(type) && isSecretOrUnset(option, 'passphrase') && isSecretOrUnset(option, 'hash');
}

function isSecretOrUnset(option: unknown, name: string): boolean {
  const secret = memberOf(option, name);
  return secret === undefined || typeof memberOf(secret, 'reveal') === 'function';
}

/**
 * The input as a list that makes sense.
 *
 * @throws {ConfigurationError} nothing was chosen, something unknown was, or `none` stands beside another option
 */
export function checkedSecurity(input: SecurityInput): readonly SecurityOption[] {
  const given: unknown = input;
  const options: readonly unknown[] = given === undefined || given === null ? [] : Array.isArray(given) ? given : [given];
  if (options.length === 0) {
    throw invalidParameter(
      'No security was chosen for the deployment.',
      'Say what guards it: SecurityOptions.oidc(), .passphrase(…), or SecurityOptions.none() when anybody may score.',
    );
  }
  if (!options.every(isSecurityOption)) {
    throw invalidParameter(
      'A security option of an unknown kind was given.',
      'Make it with SecurityOptions: none(), oidc(), passphrase(…) or apiKey().',
    );
  }
  if (options.length > 1 && options.some((option) => option.type === 'none')) {
    throw invalidParameter(
      'SecurityOptions.none() stands beside another option.',
      'A deployment is either open or guarded: leave one of them out.',
    );
  }
  return options;
}

/** What of the options must not be quoted in an error. */
export function secretsOf(options: readonly SecurityOption[] = []): readonly string[] {
  return options
    .flatMap((option) => (option.type === 'passphrase' ? [option.passphrase, option.hash] : []))
    .flatMap((secret) => secret?.reveal() ?? []);
}

/** Options as the platform tells them, with the secrets in them that the caller has just set. */
export function withKnownSecrets(told: readonly SecurityOption[], given: readonly SecurityOption[]): readonly SecurityOption[] {
  const plain = given.find((option) => option.type === 'passphrase')?.passphrase;
  if (plain === undefined) return told;
  return told.map((option) =>
    option.type === 'passphrase' && option.passphrase === undefined ? { ...option, passphrase: plain } : option,
  );
}

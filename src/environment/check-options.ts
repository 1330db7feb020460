/**
 * Checks the options at construction and turns them into one form, secrets wrapped. Pure. Errors name the option and what is allowed,
 * never the value: people put secrets into the wrong place.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import { redact } from '../internal/redact.js';
import { Secret } from '../internal/secret.js';
import { clientAuthenticationMethods, isPrivateKey, type ClientAuthenticationMethod, type ClientProof } from './client-proof.js';
import type { EnvironmentOptions, MlopsPlatformName } from './options.js';
import type { ServiceName } from './services.js';
import { checkGivenAddress, exactBaseOf, type GivenAddressRule } from './url-rules.js';

/** Where an option says that an address stands. */
export interface GivenSource {
  /** The option, for messages: `services.mlops`. */
  readonly option: string;
  readonly from: { readonly url: string; readonly allowInsecure: boolean } | { readonly variable: string } | { readonly file: string };
  /** A path to append to the address that is found. */
  readonly append?: string;
}

/** A key with its secret wrapped. */
export interface CheckedKey {
  readonly id: string;
  readonly secret: Secret;
}

/** The options in one form. What was not given is `undefined`. */
export interface CheckedOptions {
  readonly environment: string | undefined;
  readonly discovery: string | undefined;
  readonly services: ReadonlyMap<ServiceName, GivenSource>;
  readonly oidc: {
    readonly issuer: string | undefined;
    readonly tokenEndpoint: string | undefined;
    readonly clientId: string | undefined;
    /** How the client proves that it is itself; a secret in the environment counts where the options say nothing. */
    readonly proof: ClientProof | undefined;
    /** The method that the options name for a secret, wherever that secret comes from. */
    readonly secretMethod: 'client_secret_post' | 'client_secret_basic';
    readonly allowInsecure: boolean;
  };
  readonly wave: {
    readonly address: string | undefined;
    readonly accessKey: CheckedKey | undefined;
    readonly appKey: CheckedKey | undefined;
  };
  readonly roles: { readonly claim: string | undefined; readonly admin: string | undefined; readonly fullAccess: string | undefined };
  readonly mlopsPlatform: MlopsPlatformName | undefined;
  readonly trustedScorerOrigins: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly env: Readonly<Record<string, unknown>> | undefined;
}

const optionNames: readonly (keyof EnvironmentOptions)[] = [
  'environment',
  'discovery',
  'services',
  'oidc',
  'wave',
  'roles',
  'mlopsPlatform',
  'trustedScorerOrigins',
  'trustedOrigins',
  'env',
];
const platforms: readonly MlopsPlatformName[] = ['0.69', '1.0', '1.2'];
const sourceForms = "an https URL, { env: 'NAME' }, { file: 'PATH' } or { url, allowInsecure }";

/**
 * Checks the options.
 *
 * @param otherOptions names that the caller handles itself: not looked at, and named in errors as allowed
 * @throws {ConfigurationError} an option is unknown, of the wrong type, malformed, or contradicts another
 */
export function checkedOptions(options: unknown, otherOptions: readonly string[] = []): CheckedOptions {
  const given = members(options, '', [...optionNames, ...otherOptions]);
  const environment = given.read('environment', address);
  const discovery = given.read('discovery', address);
  if (environment !== undefined && discovery !== undefined) throw contradiction('environment', 'discovery');
  return {
    environment,
    discovery,
    services: services(given.at('services', ['mlops', 'steam', 'drive', 'engines', 'hopsworks'])),
    oidc: oidc(
      given.at('oidc', [
        'issuer',
        'tokenEndpoint',
        'clientId',
        'clientSecret',
        'clientAuthentication',
        'privateKey',
        'keyId',
        'allowInsecure',
      ]),
    ),
    wave: wave(given.at('wave', ['address', 'accessKey', 'appKey'])),
    roles: roles(given.at('roles', ['claim', 'admin', 'fullAccess'])),
    mlopsPlatform: given.read('mlopsPlatform', platform),
    trustedScorerOrigins: given.read('trustedScorerOrigins', origins) ?? [],
    trustedOrigins: given.read('trustedOrigins', origins) ?? [],
    env: given.read('env', record),
  };
}

function services(given: Members): ReadonlyMap<ServiceName, GivenSource> {
  const found = new Map<ServiceName, GivenSource>();
  const add = (name: ServiceName, from: GivenSource | undefined): void => {
    if (from !== undefined) found.set(name, from);
  };
  const mlops = given.parts('mlops', ['gateway', 'authz', 'secureStore']);
  add('mlops', mlops === undefined ? given.read('mlops', source) : mlops.required('gateway', source));
  add('mlopsAuthz', mlops?.read('authz', source));
  add('mlopsSecureStore', mlops?.read('secureStore', source));
  add('steam', given.read('steam', source));
  const drive = given.parts('drive', ['sts', 'user', 'workspace']);
  const wholeDrive = drive === undefined ? given.read('drive', source) : undefined;
  add('driveSts', wholeDrive === undefined ? drive?.required('sts', source) : { ...wholeDrive, append: '/sts/' });
  add('driveUser', wholeDrive ?? drive?.read('user', source));
  add('driveWorkspace', wholeDrive ?? drive?.read('workspace', source));
  add('engines', given.read('engines', source));
  add('hopsworks', given.read('hopsworks', source));
  return found;
}

function oidc(given: Members): CheckedOptions['oidc'] {
  const allowInsecure = given.read('allowInsecure', flag) ?? false;
  const provider: Read<string> = (value, option) => checkedAddress(value, option, { allowInsecure });
  const issuer = given.read('issuer', provider);
  const tokenEndpoint = given.read('tokenEndpoint', provider);
  if (issuer !== undefined && tokenEndpoint !== undefined) throw contradiction('oidc.issuer', 'oidc.tokenEndpoint');
  if (issuer?.includes('/.well-known/') === true) {
    throw invalid('oidc.issuer', 'is the address of metadata, not the issuer', 'the part before /.well-known/');
  }
  return { issuer, tokenEndpoint, clientId: given.read('clientId', text), ...clientProof(given), allowInsecure };
}

function clientProof(given: Members): Pick<CheckedOptions['oidc'], 'proof' | 'secretMethod'> {
  const method = given.read('clientAuthentication', authenticationMethod);
  const clientSecret = given.read('clientSecret', secret);
  const privateKey = given.read('privateKey', pem);
  const keyId = given.read('keyId', text);
  if (clientSecret !== undefined && privateKey !== undefined) throw contradiction('oidc.clientSecret', 'oidc.privateKey');
  const secretMethod = method === 'client_secret_basic' ? method : 'client_secret_post';
  if (method === 'tls_client_auth') {
    if (clientSecret !== undefined) throw contradiction('oidc.clientSecret', 'oidc.clientAuthentication tls_client_auth');
    if (privateKey !== undefined) throw contradiction('oidc.privateKey', 'oidc.clientAuthentication tls_client_auth');
    return { proof: { method }, secretMethod };
  }
  if (privateKey === undefined) {
    if (method === 'private_key_jwt') throw invalid('oidc.privateKey', 'is missing', 'a private key in PEM for private_key_jwt');
    if (keyId !== undefined) throw invalid('oidc.keyId', 'is given without oidc.privateKey', 'the name of that key');
    return { proof: clientSecret === undefined ? undefined : { method: secretMethod, secret: clientSecret }, secretMethod };
  }
  if (method !== undefined && method !== 'private_key_jwt') throw contradiction('oidc.privateKey', `oidc.clientAuthentication ${method}`);
  return { proof: { method: 'private_key_jwt', privateKey, keyId }, secretMethod };
}

function wave(given: Members): CheckedOptions['wave'] {
  return { address: given.read('address', waveAddress), accessKey: given.read('accessKey', key), appKey: given.read('appKey', key) };
}

function roles(given: Members): CheckedOptions['roles'] {
  return { claim: given.read('claim', text), admin: given.read('admin', text), fullAccess: given.read('fullAccess', text) };
}

/** Reads one option: its value, or `undefined` where it is empty, which counts as absent. */
type Read<Value> = (value: unknown, option: string) => Value | undefined;

/** The members of an object among the options, each under its full name. */
interface Members {
  /** A member, or `undefined` where it is absent. */
  read<Value>(name: string, read: Read<Value>): Value | undefined;
  /** A member that must be there. */
  required<Value>(name: string, read: Read<Value>): Value;
  /** An object among the members; an absent one has no members. */
  at(name: string, allowed: readonly string[]): Members;
  /** A member as an object of parts, when it has any of these. */
  parts(name: string, allowed: readonly string[]): Members | undefined;
}

function members(value: unknown, option: string, allowed: readonly string[]): Members {
  if (!isRecord(value)) throw invalid(option, 'is not an object', `an object with ${allowed.join(', ')}`);
  // Own members only: nothing may come in by way of a prototype.
  const own = new Map<string, unknown>(Object.entries(value));
  const fullName = (name: string): string => (option === '' ? name : `${option}.${name}`);
  for (const [name, member] of own) {
    if (!allowed.includes(name) && member !== undefined) {
      throw invalid(fullName(redact(name)), 'does not exist', `${option === '' ? 'the options' : option} with ${allowed.join(', ')}`);
    }
  }
  const read = <Value>(name: string, readValue: Read<Value>): Value | undefined => {
    const member = own.get(name);
    return member === undefined ? undefined : readValue(member, fullName(name));
  };
  return {
    read,
    required(name, readValue) {
      const found = read(name, readValue);
      if (found === undefined) throw invalid(fullName(name), 'is missing beside its siblings', `${option} with ${allowed.join(', ')}`);
      return found;
    },
    at(name, allowedThere) {
      const member = own.get(name);
      return members(member === undefined ? {} : member, fullName(name), allowedThere);
    },
    parts(name, allowedThere) {
      const member = own.get(name);
      const hasParts = isRecord(member) && allowedThere.some((part) => Object.hasOwn(member, part));
      return hasParts ? members(member, fullName(name), allowedThere) : undefined;
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const text: Read<string> = (value, option) => {
  if (typeof value !== 'string') throw invalid(option, 'is not a string', 'a string');
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
};

const secret: Read<Secret> = (value, option) => {
  if (typeof value !== 'string') throw invalid(option, 'is not a string', 'a string');
  return value === '' ? undefined : new Secret(value);
};

const pem: Read<Secret> = (value, option) => {
  const given = secret(value, option);
  if (given !== undefined && !isPrivateKey(given.reveal())) throw invalid(option, 'is no private key', 'one in PEM, without a passphrase');
  return given;
};

const authenticationMethod: Read<ClientAuthenticationMethod> = (value, option) => {
  const known = clientAuthenticationMethods.find((method) => method === value);
  if (known === undefined && value !== '') throw invalid(option, 'is not a known method', clientAuthenticationMethods.join(', '));
  return known;
};

const flag: Read<boolean> = (value, option) => {
  if (typeof value !== 'boolean') throw invalid(option, 'is not a boolean', 'true or false');
  return value;
};

const record: Read<Readonly<Record<string, unknown>>> = (value, option) => {
  if (!isRecord(value)) throw invalid(option, 'is not an object', 'names of variables with string values, as in process.env');
  return value;
};

const platform: Read<MlopsPlatformName> = (value, option) => {
  const known = platforms.find((name) => name === value);
  if (known === undefined && value !== '')
    throw invalid(option, 'is not a known platform', platforms.map((name) => `'${name}'`).join(', '));
  return known;
};

const address: Read<string> = (value, option) => checkedAddress(value, option, { allowInsecure: false });

/** Wave shares the machine or the private network of its app, where plain http is its custom. */
const waveAddress: Read<string> = (value, option) => checkedAddress(value, option, { allowInsecure: true });

function checkedAddress(value: unknown, option: string, rule: GivenAddressRule): string | undefined {
  const given = text(value, option);
  if (given === undefined) return undefined;
  const { problem } = checkGivenAddress(given, rule);
  if (problem !== undefined)
    throw invalid(option, problem, rule.allowInsecure ? 'an https or http URL' : 'an https URL (http only on this machine)');
  return given;
}

const origins: Read<readonly string[]> = (value, option) => {
  if (!Array.isArray(value)) throw invalid(option, 'is not an array', 'an array of origins such as https://scorer.example.com');
  return value.map((entry: unknown, index) => origin(entry, `${option}[${index}]`));
};

function origin(value: unknown, option: string): string {
  const form = 'an origin such as https://scorer.example.com, without a path';
  const given = text(value, option);
  const checked = given === undefined ? undefined : checkGivenAddress(given, { allowInsecure: false });
  if (checked === undefined) throw invalid(option, 'is empty', form);
  if (checked.url === undefined) throw invalid(option, checked.problem, form);
  if (exactBaseOf(checked.url) !== `${checked.url.origin}/`) throw invalid(option, 'has a path', form);
  return checked.url.origin;
}

const key: Read<CheckedKey> = (value, option) => {
  const given = members(value, option, ['id', 'secret']);
  return { id: given.required('id', text), secret: given.required('secret', secret) };
};

const source: Read<GivenSource> = (value, option) => {
  if (typeof value === 'string') return urlSource(value, option, option, false);
  if (!isRecord(value)) throw invalid(option, 'is of the wrong type', sourceForms);
  const given = members(value, option, ['env', 'file', 'url', 'allowInsecure']);
  const variable = given.read('env', variableName);
  const file = given.read('file', text);
  const url = given.read('url', text);
  const allowInsecure = given.read('allowInsecure', flag);
  if ([variable, file, url].filter((form) => form !== undefined).length > 1)
    throw invalid(option, 'names more than one source', sourceForms);
  if (value['url'] === undefined && allowInsecure !== undefined) throw invalid(option, 'has allowInsecure without url', sourceForms);
  if (url !== undefined) return urlSource(url, option, `${option}.url`, allowInsecure ?? false);
  if (variable !== undefined) return { option, from: { variable } };
  if (file !== undefined) return { option, from: { file } };
  if (Object.values(value).every((member) => member === undefined)) throw invalid(option, 'names no source', sourceForms);
  return undefined;
};

function urlSource(value: string, option: string, named: string, allowInsecure: boolean): GivenSource | undefined {
  const given = text(value, named);
  if (given === undefined) return undefined;
  const { problem } = checkGivenAddress(given, { allowInsecure });
  if (problem !== undefined) throw invalid(named, problem, `${sourceForms}; http to another machine only as { url, allowInsecure: true }`);
  return { option, from: { url: given, allowInsecure } };
}

const variableName: Read<string> = (value, option) => {
  const name = text(value, option);
  if (name !== undefined && !/^[A-Za-z_]\w{0,99}$/.test(name))
    throw invalid(option, 'is not the name of a variable', 'a name such as MLOPS_GATEWAY');
  return name;
};

function invalid(option: string, problem: string, allowed: string): ConfigurationError {
  const named = option === '' ? 'What was passed as options' : `The option ${option}`;
  return new ConfigurationError({ code: 'CONFIGURATION_INVALID', what: `${named} ${problem}.`, fix: `Allowed: ${allowed}.` });
}

function contradiction(one: string, other: string): ConfigurationError {
  return new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `The options ${one} and ${other} contradict each other.`,
    fix: 'Give only one of them.',
  });
}

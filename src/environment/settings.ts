/**
 * Settings that are there or not, without waiting: the app's own client, Wave, roles, the instance. Pure functions of options and variables.
 */
import { Secret } from '../internal/secret.js';
import type { CheckedKey, CheckedOptions } from './check-options.js';
import type { ClientProof } from './client-proof.js';
import { otherCloudReason } from './cloud-location.js';
import type { EnvSnapshot } from './env-snapshot.js';
import { givenAddress } from './given-address.js';
import { foundOr, type FoundValue, type Search } from './places.js';
import { baseOf } from './url-rules.js';

/** The app's own client at the identity provider. */
export interface AppClient {
  readonly clientId: string;
  /** Absent for a public client. */
  readonly proof?: ClientProof;
  /** Where the client comes from, in words. */
  readonly origin: string;
}

/** The Wave server that the app belongs to, as far as it is configured. */
export interface WaveSettings {
  /** Address of the Wave server, without a slash at its end. */
  readonly address: string | undefined;
  /** Path below which the Wave server serves: begins and ends with a slash. */
  readonly baseUrl: string;
  /** The server's key, for calls to Wave. */
  readonly accessKey: CheckedKey | undefined;
  /** Address at which Wave reaches the app, without a slash at its end. */
  readonly appAddress: string | undefined;
  /** The app's key, with which Wave calls the app. */
  readonly appKey: CheckedKey | undefined;
}

/** How the roles of a user are read from the access token. */
export interface RoleSettings {
  /** Dotted path of the claim. */
  readonly claim: string;
  /** Role of administrators. */
  readonly admin: string;
  /** Role of users with full access; without one everybody has it. */
  readonly fullAccess: string | undefined;
}

/** What the App Store says about the running instance of the app. */
export interface InstanceFacts {
  readonly id: string | undefined;
  readonly appName: string | undefined;
  readonly appVersion: string | undefined;
  readonly appId: string | undefined;
  readonly owner: string | undefined;
}

/** What settings are read from. */
export interface SettingSources {
  readonly options: CheckedOptions;
  readonly variables: EnvSnapshot;
}

/** The app's client with the place of what it proves itself by. */
export interface FoundAppClient extends AppClient {
  readonly proofOrigin: string | undefined;
}

/**
 * The app's own client: from the options, else the client that Wave signs users in with. A secret goes with its own client only, and
 * variables count only for the cloud that the environment names.
 */
export function findAppClient({ options, variables }: SettingSources): Search<FoundAppClient> {
  const { clientId, proof, secretMethod } = options.oidc;
  const reason = otherCloudReason(options, variables);
  const fromVariables = (idName: string, secretName: string): PossibleClient => ({
    id: foundOr(reason === undefined ? variables.get(idName) : undefined, `variable ${idName}`),
    proof: proofOf(variables.get(secretName), secretMethod, `variable ${secretName}`),
  });
  const possible: readonly PossibleClient[] = [
    { id: foundOr(clientId, 'option oidc.clientId'), proof: foundOr(proof, optionOf(proof)) },
    fromVariables('H2O_WAVE_OIDC_CLIENT_ID', 'H2O_WAVE_OIDC_CLIENT_SECRET'),
    // A setting of the App Store's server; promised to nobody, so it comes last.
    fromVariables('H2O_CLOUD_OIDC_WAVE_CLIENT_ID', 'H2O_CLOUD_OIDC_WAVE_CLIENT_SECRET'),
  ];
  const client = possible.find(({ id }) => id.found !== undefined)?.id.found;
  if (client === undefined) {
    const lookedAt = possible.flatMap(({ id }) => id.lookedAt ?? []);
    return { lookedAt: reason === undefined ? lookedAt : [...lookedAt, `variables not used: ${reason}`] };
  }
  // What the options say is the client's, also where only a variable names the client.
  const own = possible.filter(({ id }, index) => id.found?.value === client.value || (index === 0 && id.found === undefined));
  const proven = own.find((candidate) => candidate.proof.found !== undefined)?.proof.found;
  return {
    found: {
      clientId: client.value,
      origin: client.origin,
      ...(proven === undefined ? {} : { proof: proven.value }),
      proofOrigin: proven?.origin,
    },
  };
}

interface PossibleClient {
  readonly id: Search<FoundValue>;
  readonly proof: Search<FoundValue<ClientProof>>;
}

function proofOf(
  secret: string | undefined,
  method: 'client_secret_post' | 'client_secret_basic',
  origin: string,
): Search<FoundValue<ClientProof>> {
  return foundOr(secret === undefined ? undefined : { method, secret: new Secret(secret) }, origin);
}

/** The option that a proof stands in. */
export function optionOf(proof: ClientProof | undefined): string {
  if (proof?.method === 'private_key_jwt') return 'option oidc.privateKey';
  return proof?.method === 'tls_client_auth' ? 'option oidc.clientAuthentication' : 'option oidc.clientSecret';
}

/** The parts of Wave's settings, each with its origin. */
export interface WaveSearch {
  readonly address: Search<FoundValue>;
  readonly appAddress: Search<FoundValue>;
  readonly baseUrl: string;
  readonly accessKey: Search<FoundValue<CheckedKey>>;
  readonly appKey: Search<FoundValue<CheckedKey>>;
}

/** Wave: from the options, else from what Wave's launcher puts into the environment. */
export function findWave({ options, variables }: SettingSources): WaveSearch {
  const { address, accessKey, appKey } = options.wave;
  const text = (name: string): Search<FoundValue> => foundOr(variables.get(name), `variable ${name}`);
  const key = (name: string): Search<FoundValue<CheckedKey>> => keyOf(variables, name);
  const path = (variables.get('H2O_WAVE_BASE_URL') ?? '').replace(/^\/+|\/+$/g, '');
  return {
    address: either(foundOr(address, 'option wave.address'), text('H2O_WAVE_ADDRESS')),
    appAddress: text('H2O_WAVE_APP_ADDRESS'),
    baseUrl: path === '' ? '/' : `/${path}/`,
    accessKey: either(foundOr(accessKey, 'option wave.accessKey'), key('H2O_WAVE_ACCESS_KEY')),
    appKey: either(foundOr(appKey, 'option wave.appKey'), key('H2O_WAVE_APP_ACCESS_KEY')),
  };
}

/**
 * Wave's settings as values.
 *
 * @throws {ConfigurationError} an address is malformed
 */
export function waveSettings({ address, appAddress, baseUrl, accessKey, appKey }: WaveSearch): WaveSettings {
  return {
    address: address.found === undefined ? undefined : waveAddress(address.found),
    baseUrl,
    accessKey: accessKey.found?.value,
    appAddress: appAddress.found === undefined ? undefined : waveAddress(appAddress.found),
    appKey: appKey.found?.value,
  };
}

/** An address of Wave or of the app; plain http is the custom there, so it is let through. */
export function waveAddress(found: FoundValue): string {
  return baseOf(givenAddress(found, { allowInsecure: true }, 'Give an address such as http://127.0.0.1:10101.'));
}

function keyOf(variables: EnvSnapshot, name: string): Search<FoundValue<CheckedKey>> {
  const [idName, secretName] = [`${name}_ID`, `${name}_SECRET`];
  const [id, secret] = [variables.get(idName), variables.get(secretName)];
  if (id !== undefined && secret !== undefined) {
    return { found: { value: { id, secret: new Secret(secret) }, origin: `variables ${idName} and ${secretName}` } };
  }
  const state = (value: string | undefined): string => (value === undefined ? 'not set' : 'set');
  return { lookedAt: [`variable ${idName} (${state(id)})`, `variable ${secretName} (${state(secret)})`] };
}

/** The parts of the role settings, each with its origin; two have a default. */
export interface RoleSearch {
  readonly claim: FoundValue;
  readonly admin: FoundValue;
  readonly fullAccess: Search<FoundValue>;
}

/** Roles: from the options, else from the settings of the App Store's server where an app sees them, else the conventions. */
export function findRoles({ options, variables }: SettingSources): RoleSearch {
  const setting = (value: string | undefined, option: string, name: string): Search<FoundValue> =>
    either(foundOr(value, `option roles.${option}`), foundOr(variables.get(name), `variable ${name}`));
  const { claim, admin, fullAccess } = options.roles;
  return {
    claim: setting(claim, 'claim', 'H2O_CLOUD_OIDC_ROLE_CLAIM').found ?? { value: 'realm_access.roles', origin: 'default' },
    admin: setting(admin, 'admin', 'H2O_CLOUD_OIDC_ADMIN_ROLE_NAME').found ?? { value: 'admin', origin: 'default' },
    fullAccess: setting(fullAccess, 'fullAccess', 'H2O_CLOUD_OIDC_FULL_ACCESS_ROLE_NAME'),
  };
}

/** The facts of the instance, each with its origin. */
export type InstanceSearch = Readonly<Record<keyof InstanceFacts, Search<FoundValue>>>;

/** Which instance of which app this is, from what the App Store puts into the environment. */
export function findInstance({ variables }: SettingSources): InstanceSearch {
  const fact = (name: string): Search<FoundValue> => foundOr(variables.get(name), `variable ${name}`);
  return {
    id: fact('H2O_CLOUD_INSTANCE_ID'),
    appName: fact('H2O_CLOUD_APP_NAME'),
    appVersion: fact('H2O_CLOUD_APP_VERSION'),
    appId: fact('H2O_CLOUD_APP_ID'),
    owner: fact('H2O_CLOUD_INSTANCE_OWNER'),
  };
}

function either<Thing>(first: Search<Thing>, second: Search<Thing>): Search<Thing> {
  if (first.lookedAt === undefined) return first;
  if (second.lookedAt === undefined) return second;
  return { lookedAt: [...first.lookedAt, ...second.lookedAt] };
}

/**
 * What an administrator has set up in the realm: clients, accounts, and which scope belongs to whom. Data, but for the two switches an administrator turns.
 */
import { randomUUID } from 'node:crypto';

export interface Client {
  readonly id: string;
  /** Absent for a public client. */
  readonly secret?: string;
  /** Granted whether asked for or not. */
  readonly defaultScopes: readonly string[];
  /** Granted to who asks at sign-in. */
  readonly optionalScopes: readonly string[];
  readonly exchangesTokens: boolean;
  /** Whether an exchange may end in a refresh token, within the session of the token that is exchanged. */
  readonly exchangesForRefreshTokens: boolean;
  readonly hasServiceAccount: boolean;
  readonly hasDeviceFlow: boolean;
  /** Whether it proves who it is by an assertion that it signs with its private key, in place of a secret. */
  readonly signsAssertions: boolean;
}

export interface Account {
  /** The subject of its tokens. */
  readonly id: string;
  readonly username: string;
  readonly password: string | undefined;
  readonly firstName: string;
  readonly lastName: string;
  readonly roles: readonly string[];
  enabled: boolean;
}

export interface Realm {
  readonly name: string;
  readonly clients: ReadonlyMap<string, Client>;
  /** By username. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** Who a client is when it speaks for itself. */
  serviceAccount(client: Client): Account;
}

const platformScope = 'h2oai:platform';
const profileScopes = ['email', 'profile'];
const mlopsScopes = ['ai.h2o.storage', 'ai.h2o.deploy'];
/** Scopes that put an audience into the token. */
export const audienceScopes: Readonly<Record<string, string>> = { 'lab.aud.mlops': 'mlops', 'lab.aud.steam': 'steam' };
/** Puts the roles into a claim of their own, in every token and the user's information. */
export const rolesScope = 'lab.roles';
const extraScopes = ['offline_access', rolesScope, ...Object.keys(audienceScopes)];
/** All that there are, also those that no client may ask for. */
export const realmScopes: readonly string[] = ['openid', ...profileScopes, platformScope, ...mlopsScopes, ...extraScopes, 'lab.unassigned'];

const common = { exchangesForRefreshTokens: false, hasServiceAccount: false, hasDeviceFlow: false, signsAssertions: false };
const confidential = { ...common, exchangesTokens: true, defaultScopes: profileScopes };

const clients: readonly Client[] = [
  {
    ...common,
    id: 'hac-platform-public',
    defaultScopes: [...profileScopes, platformScope, ...mlopsScopes],
    optionalScopes: extraScopes,
    exchangesTokens: false,
    hasDeviceFlow: true,
  },
  {
    ...confidential,
    id: 'wave-app',
    secret: 'wave-app-secret',
    optionalScopes: [platformScope, ...mlopsScopes, ...extraScopes],
    hasServiceAccount: true,
  },
  {
    ...confidential,
    id: 'wave-app-default-scopes',
    secret: 'wave-app-default-scopes-secret',
    defaultScopes: [...profileScopes, ...mlopsScopes],
    optionalScopes: [platformScope, ...extraScopes],
  },
  {
    ...confidential,
    id: 'wave-app-noxchg',
    secret: 'wave-app-noxchg-secret',
    optionalScopes: [platformScope, ...mlopsScopes, ...extraScopes],
    exchangesTokens: false,
  },
  {
    ...confidential,
    id: 'wave-app-xrt',
    secret: 'wave-app-xrt-secret',
    optionalScopes: [platformScope, ...mlopsScopes, ...extraScopes],
    exchangesForRefreshTokens: true,
  },
  {
    ...confidential,
    id: 'wave-app-key',
    optionalScopes: [platformScope, ...mlopsScopes, ...extraScopes],
    hasServiceAccount: true,
    signsAssertions: true,
  },
  { ...confidential, id: 'mlops', secret: 'mlops-secret', optionalScopes: mlopsScopes },
  { ...confidential, id: 'steam', secret: 'steam-secret', optionalScopes: extraScopes, exchangesTokens: false },
  { ...confidential, id: 'no-scopes', secret: 'no-scopes-secret', optionalScopes: ['offline_access'] },
];

const account = (username: string, firstName: string, lastName: string, role: string): Account => ({
  id: randomUUID(),
  username,
  password: username,
  firstName,
  lastName,
  roles: [role],
  enabled: true,
});

export function createRealm(): Realm {
  const serviceAccounts = new Map<string, Account>();
  return {
    name: 'hac',
    clients: new Map(clients.map((client) => [client.id, client])),
    accounts: new Map(
      [account('alice', 'Alice', 'Archer', 'user'), account('bob', 'Bob', 'Baker', 'admin')].map((entry) => [entry.username, entry]),
    ),
    serviceAccount(client) {
      const known = serviceAccounts.get(client.id);
      if (known !== undefined) return known;
      const username = `service-account-${client.id}`;
      const created: Account = { id: randomUUID(), username, password: undefined, firstName: '', lastName: '', roles: [], enabled: true };
      serviceAccounts.set(client.id, created);
      return created;
    },
  };
}

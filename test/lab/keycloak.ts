/**
 * A real Keycloak for tests: started and stopped by the scripts in `keycloak/`, with the users, clients and realms of `keycloak/realms.mjs`.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`keycloak/${name}`, import.meta.url));

export interface Keycloak {
  readonly url: string;
  /** The realm in which a refresh token is good once. */
  readonly issuer: string;
  /** The realm with Keycloak's default: a refresh token is good as long as its session. */
  readonly issuerNoRotate: string;
  readonly stop: () => Promise<void>;
}

export interface KeycloakOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default 300. The client `wave-app-five-seconds` has five in any case. */
  readonly accessTokenSeconds?: number;
  /** How long a session lives without a refresh. Default 1800. */
  readonly sessionIdleSeconds?: number;
  /** How long a session lives at most. Default 36000. */
  readonly sessionSeconds?: number;
}

/**
 * Starts a Keycloak of its own, which ends with this process at the latest. The first start on a machine gets it from Maven Central.
 * With `LAB_KEYCLOAK_URL` set, the one that runs there is used and left running.
 */
export async function startKeycloak(options: KeycloakOptions = {}): Promise<Keycloak> {
  const running = process.env['LAB_KEYCLOAK_URL'];
  if (running !== undefined) return keycloakAt(running, () => Promise.resolve());
  const port = String(options.port ?? (await freePort()));
  const env = {
    ...process.env,
    LAB_OWNER_PID: String(process.pid),
    ...(options.accessTokenSeconds === undefined ? {} : { LAB_ACCESS_TOKEN_SECONDS: String(options.accessTokenSeconds) }),
    ...(options.sessionIdleSeconds === undefined ? {} : { LAB_SESSION_IDLE_SECONDS: String(options.sessionIdleSeconds) }),
    ...(options.sessionSeconds === undefined ? {} : { LAB_SESSION_SECONDS: String(options.sessionSeconds) }),
  };
  const { stdout } = await run('bash', [script('start.sh'), port], { env });
  const url = /^KEYCLOAK_URL=(.+)$/m.exec(stdout)?.[1];
  if (url === undefined) throw new Error('start.sh did not say where Keycloak is.');
  return keycloakAt(url, async () => {
    await run('bash', [script('stop.sh'), port]);
  });
}

function keycloakAt(url: string, stop: () => Promise<void>): Keycloak {
  return { url, issuer: `${url}/realms/hac`, issuerNoRotate: `${url}/realms/hac-norotate`, stop };
}

export interface SignInOptions {
  /** Default `wave-app`. */
  readonly client?: string;
  /** Default: the client's, which is its name with `-secret`; `undefined` sends none. */
  readonly secret?: string | undefined;
  /** Default `alice`. */
  readonly username?: string;
  /** Default: the same as the name. */
  readonly password?: string;
  /** Default `openid`. */
  readonly scope?: string;
}

export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string | undefined;
  readonly scope: string;
  readonly expiresIn: number;
  readonly sessionId: string;
}

/** Signs a user in by the password grant: a new session with each call. */
export async function signIn(issuer: string, options: SignInOptions = {}): Promise<SignedIn> {
  const { client = 'wave-app', username = 'alice', scope = 'openid' } = options;
  const secret = 'secret' in options ? options.secret : `${client}-secret`;
  const answer = await tokenRequest(issuer, {
    grant_type: 'password',
    client_id: client,
    username,
    password: options.password ?? username,
    scope,
    ...(secret === undefined ? {} : { client_secret: secret }),
  });
  const { body } = answer;
  if (answer.status !== 200) throw new Error(`${username} could not sign in: ${answer.status} ${JSON.stringify(body)}`);
  return {
    accessToken: textOf(body, 'access_token'),
    refreshToken: textOf(body, 'refresh_token'),
    idToken: typeof body['id_token'] === 'string' ? body['id_token'] : undefined,
    scope: textOf(body, 'scope'),
    expiresIn: Number(body['expires_in']),
    sessionId: textOf(body, 'session_state'),
  };
}

export interface TokenReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A bare request to the token endpoint of a realm, for what the SDK would not send. */
export async function tokenRequest(issuer: string, form: Readonly<Record<string, string>>): Promise<TokenReply> {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: objectOf(await response.json()) };
}

/** What an administrator can do, by Keycloak's REST API. */
export class KeycloakAdmin {
  readonly #url: string;
  readonly #realm: string;

  /** @param issuer the realm to administer */
  constructor(issuer: string) {
    const [, url, realm] = /^(.*)\/realms\/([^/]+)$/.exec(issuer) ?? [];
    if (url === undefined || realm === undefined) throw new Error(`${issuer} is not the issuer of a realm.`);
    this.#url = url;
    this.#realm = realm;
  }

  /** Changes settings of the realm, e.g. `{ accessTokenLifespan: 5 }`; the others stay. */
  async updateRealm(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.call('PUT', '', settings);
  }

  /** Changes settings of a client; attributes that are not named stay. */
  async updateClient(clientId: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    const [client] = listOf(await this.call('GET', `/clients?clientId=${encodeURIComponent(clientId)}`));
    if (client === undefined) throw new Error(`There is no client ${clientId}.`);
    await this.call('PUT', `/clients/${textOf(client, 'id')}`, { ...client, ...settings });
  }

  /** A user whose password is their name, and who may have offline tokens. */
  async createUser(username: string): Promise<void> {
    await this.call('POST', '/users', {
      username,
      enabled: true,
      email: `${username}@example.test`,
      emailVerified: true,
      firstName: username,
      lastName: 'Lab',
      credentials: [{ type: 'password', value: username, temporary: false }],
    });
    const role = await this.call('GET', '/roles/offline_access');
    await this.call('POST', `/users/${await this.#userId(username)}/role-mappings/realm`, [role]);
  }

  async setEnabled(username: string, enabled: boolean): Promise<void> {
    await this.call('PUT', `/users/${await this.#userId(username)}`, { enabled });
  }

  /** Ends all sessions of a user. Tokens that were issued in the same second survive it. */
  async signOut(username: string): Promise<void> {
    await this.call('POST', `/users/${await this.#userId(username)}/logout`);
  }

  async endSession(sessionId: string, options: { readonly isOffline?: boolean } = {}): Promise<void> {
    await this.call('DELETE', `/sessions/${sessionId}?isOffline=${String(options.isOffline === true)}`);
  }

  /** @param path below the realm */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const { body: grant } = await tokenRequest(`${this.#url}/realms/master`, {
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password: 'admin',
    });
    const response = await fetch(`${this.#url}/admin/realms/${this.#realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${textOf(grant, 'access_token')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} of the realm ${this.#realm}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async #userId(username: string): Promise<string> {
    const [user] = listOf(await this.call('GET', `/users?exact=true&username=${encodeURIComponent(username)}`));
    if (user === undefined) throw new Error(`There is no user ${username}.`);
    return textOf(user, 'id');
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('Keycloak answered something that is no object.');
  return { ...value };
}

function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error('Keycloak answered something that is no list.');
  return value.map(objectOf);
}

function textOf(object: Readonly<Record<string, unknown>>, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new Error(`Keycloak's answer has no ${name}.`);
  return value;
}

/**
 * The clients with which one cloud's programs call identity providers. Each is made once and shared, so that a provider's metadata
 * are read once.
 */
import { ConfigurationError } from './errors/configuration-error.js';
import type { ClientProof } from './environment/client-proof.js';
import type { CloudEnvironment } from './environment/cloud-environment.js';
import type { CurrentUser } from './environment/current-user.js';
import type { IdentityProvider } from './environment/identity-provider.js';
import type { FetchFunction } from './http/transport.js';
import type { OidcClient } from './identity/oidc.js';
import { signInHintOf } from './identity/sign-in-required.js';
import type { CallListener } from './internal/call-event.js';
import type { Clock } from './internal/clock.js';

export interface OidcClientsPorts {
  readonly environment: CloudEnvironment;
  readonly clock: Clock;
  readonly onCall: CallListener;
  readonly fetch: FetchFunction | undefined;
}

interface ClientFacts {
  readonly clientId: string;
  readonly proof?: ClientProof | undefined;
  readonly cloudUrl: string | undefined;
}

export class OidcClients {
  readonly #ports: OidcClientsPorts;
  readonly #clients = new Map<string, Promise<OidcClient>>();

  constructor(ports: OidcClientsPorts) {
    this.#ports = ports;
  }

  /** Whether the app has a client that can prove itself, and so exchange the tokens of its users. */
  get canExchange(): boolean {
    return this.#ports.environment.appClient()?.proof !== undefined;
  }

  /** The client that the current user's token was issued to. */
  async ofCurrentUser({ clientId, proof, cloudUrl }: CurrentUser): Promise<OidcClient> {
    return this.#client(await this.#ports.environment.identityProvider(), { clientId, proof, cloudUrl });
  }

  /**
   * The app's own client where it has one, since only the client that a token was issued to can spend it; else the platform's.
   *
   * @throws {ConfigurationError} no client is known
   */
  async ofApp(): Promise<OidcClient> {
    const { environment } = this.#ports;
    const app = environment.appClient();
    const cloudUrl = await environment.cloudUrl().catch(() => undefined);
    if (app !== undefined) return this.#client(await environment.appIdentityProvider(), { ...app, cloudUrl });
    const platform = (await (await environment.discovery())?.clients())?.get('platform');
    if (platform !== undefined) return this.#client(await environment.identityProvider(), { clientId: platform.clientId, cloudUrl });
    throw new ConfigurationError({
      code: 'CONFIGURATION_MISSING',
      what: 'The client that the refresh token was issued to is not known.',
      fix: 'Set the options oidc.clientId and, for a confidential client, oidc.clientSecret (variables H2O_WAVE_OIDC_CLIENT_ID and H2O_WAVE_OIDC_CLIENT_SECRET).',
    });
  }

  /**
   * The app's own client, which can sign itself in.
   *
   * @throws {ConfigurationError} the app has none, or it has nothing to prove itself by
   */
  async ofAppItself(): Promise<OidcClient> {
    if (this.canExchange) return this.ofApp();
    throw new ConfigurationError({
      code: 'CONFIGURATION_MISSING',
      what: 'The app has no client of its own that could sign in.',
      fix: 'Set the options oidc.clientId and oidc.clientSecret (or oidc.privateKey) to a confidential client with a service account.',
    });
  }

  #client(provider: IdentityProvider, { clientId, proof, cloudUrl }: ClientFacts): Promise<OidcClient> {
    const { issuer, tokenEndpoint, allowInsecure } = provider;
    const key = JSON.stringify([issuer, tokenEndpoint, clientId, proof?.method, allowInsecure]);
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const { clock, fetch, onCall } = this.#ports;
    const signInHint = cloudUrl === undefined ? undefined : signInHintOf(cloudUrl);
    const client = import('./identity/oidc.js').then(({ createOidcClient }) =>
      createOidcClient({ issuer, tokenEndpoint, clientId, proof, allowInsecure, fetch, clock, signInHint, onCall }),
    );
    this.#clients.set(key, client);
    return client;
  }
}

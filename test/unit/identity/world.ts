/** What the tests of this folder share: a clock, a provider, a client of it, and ways to look at failures. */
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { createOidcClient, type OidcClient, type OidcClientSettings } from '../../../src/identity/oidc.js';
import type { ClientProof } from '../../../src/environment/client-proof.js';
import { Secret } from '../../../src/internal/secret.js';
import { H2OCloudError } from '../../../src/errors/base.js';
import { TokenServer, type TokenServerOptions } from '../../support/token-server.js';

export interface World extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly server: TokenServer;
  readonly client: OidcClient;
}

export function secretProof(secret: string, method: 'client_secret_post' | 'client_secret_basic' = 'client_secret_post'): ClientProof {
  return { method, secret: new Secret(secret) };
}

export async function startWorld(options: TokenServerOptions = {}, settings: Partial<OidcClientSettings> = {}): Promise<World> {
  const clock = new FakeClock();
  const server = await TokenServer.start({ now: () => clock.now(), ...options });
  const client = createOidcClient({ tokenEndpoint: server.tokenEndpoint, clientId: 'sdk', allowInsecure: false, clock, ...settings });
  return { clock, server, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The error that work fails with; fails itself when the work succeeds or throws what is not ours. */
export async function failureOf(work: Promise<unknown>): Promise<H2OCloudError> {
  const error = await work.then(
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  );
  if (error instanceof H2OCloudError) return error;
  throw error;
}

/** Moves time in small steps until work is done, giving real sockets and files a chance in between. */
export async function advanceUntilDone<Value>(clock: FakeClock, work: Promise<Value>, stepMs = 100): Promise<Value> {
  const state = { isDone: false };
  const note = (): void => {
    state.isDone = true;
  };
  work.then(note, note);
  while (!state.isDone) {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(stepMs);
  }
  return work;
}

/** Lets what is under way on real sockets and files come to its end. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

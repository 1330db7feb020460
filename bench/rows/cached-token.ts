/**
 * What a token costs that is already there, against the least that an asynchronous cache can cost.
 */
import { createRequire } from 'node:module';
import { H2OCloud } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import { compare, nanosPerCall } from '../measure.js';
import { installPeer } from '../peers.js';
import { toRow, type Row } from '../row.js';

const rounds = 15;
const count = 100_000;
const unit = 'ns';

/** An async function, a Map of promises and a look at the clock. */
class Floor {
  readonly #tokens = new Map([['user', Promise.resolve({ token: 'token', expiresAt: Date.now() + 3_600_000 })]]);

  async getToken(): Promise<string> {
    const held = await this.#tokens.get('user');
    if (held === undefined || held.expiresAt < Date.now()) throw new Error('There is none.');
    return held.token;
  }
}

export async function cachedToken(): Promise<Row[]> {
  await using local = await startLocalCloud();
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory' });
  const floor = new Floor();
  const measured = (call: () => unknown) => (): Promise<number> => nanosPerCall(call, count);
  const against = (call: () => unknown) =>
    compare(
      rounds,
      measured(call),
      measured(() => floor.getToken()),
    );

  const tokens = new Map([['user', Promise.resolve('token')]]);
  const user = cloud.onBehalfOf({ refreshToken: local.users[0]!.refreshToken });
  await user.accessToken();
  const supplied = cloud.onBehalfOf({ credential: () => ({ accessToken: 'token', expiresAt: Date.now() + 3_600_000 }) });
  await supplied.accessToken();
  return [
    toRow({
      name: 'cached token, by refresh token',
      unit,
      ...(await against(() => user.accessToken())),
      target: { of: 'ours', atMost: 500 },
    }),
    toRow({
      name: '  against a bare Map look-up with await',
      unit,
      ...(await compare(
        rounds,
        measured(() => user.accessToken()),
        measured(() => tokens.get('user')),
      )),
      target: { of: 'ratio', atMost: 3 },
    }),
    toRow({
      name: 'cached token, by a function',
      unit,
      ...(await against(() => supplied.accessToken())),
      target: { of: 'ours', atMost: 500 },
    }),
    await googleRow(against),
  ];
}

async function googleRow(against: (call: () => unknown) => ReturnType<typeof compare>): Promise<Row> {
  const name = '  google-auth-library getAccessToken';
  const installed = await installPeer('google-auth-library');
  if ('missing' in installed) return toRow({ name, unit, note: installed.missing });
  const peer = createRequire(import.meta.url)(installed.entry) as GoogleAuthLibrary;
  const client = new peer.OAuth2Client();
  client.setCredentials({ access_token: 'token', expiry_date: Date.now() + 3_600_000 });
  return toRow({ name, unit, ...(await against(() => client.getAccessToken())) });
}

/** As much of its types as is used: it is not installed where this is compiled. */
interface GoogleAuthLibrary {
  readonly OAuth2Client: new () => {
    setCredentials(credentials: { readonly access_token: string; readonly expiry_date: number }): void;
    getAccessToken(): Promise<unknown>;
  };
}

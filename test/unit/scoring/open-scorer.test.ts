import { expect, test } from 'vitest';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import { silentLogger } from '../../../src/internal/logger.js';
import { systemClock } from '../../../src/internal/clock.js';
import { Secret } from '../../../src/internal/secret.js';
import { readyz } from '../../../src/scoring/contract.js';
import { openScorer, type ScorerOptions } from '../../../src/scoring/open-scorer.js';
import type { ScorerAccess } from '../../../src/scoring/scorer-locator.js';

const noToken = (): Promise<AccessToken> =>
  Promise.reject(new AuthenticationError({ code: 'CREDENTIAL_FAILED', what: 'There is no token.' }));
const token = (): Promise<AccessToken> => Promise.resolve(new AccessToken('user-token'));

async function sentWith(access: readonly ScorerAccess[], options: ScorerOptions, getToken: () => Promise<AccessToken>): Promise<unknown> {
  let authorization: unknown = 'nothing was sent';
  const ports = {
    locator: { locate: () => Promise.resolve({ scoreUrl: 'https://model.cloud.example/id/model/score', access, isRemembered: false }) },
    credential: { getToken },
    trust: () => Promise.resolve({ cloudUrl: 'https://cloud.example', trustedOrigins: [], allowInsecure: false }),
    clock: systemClock,
    logger: silentLogger,
    onCall: () => undefined,
    transport: ({ url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> }) => {
      expect(url).toBe('https://model.cloud.example/id/readyz');
      authorization = headers['authorization'];
      return Promise.resolve(new Response('Ready'));
    },
  };
  const { sendToRoot } = await openScorer(ports, { id: 'id', project: 'p' }, options, { fresh: false });
  await sendToRoot({ operation: readyz });
  return authorization;
}

const oidc = { type: 'oidc' } as const;
const passphrase = { type: 'passphrase' } as const;
const apiKey = { type: 'apiKey' } as const;

test.each<[string, readonly ScorerAccess[], ScorerOptions, () => Promise<AccessToken>, string | undefined]>([
  ['an open one gets nothing, whatever the user has', [{ type: 'none' }], { passphrase: 'p' }, token, undefined],
  ['OIDC gets the token', [oidc], {}, token, 'Bearer user-token'],
  ['a passphrase is sent as it was given', [passphrase], { passphrase: new Secret('p') }, token, 'Bearer p'],
  ['the passphrase that the platform told', [{ type: 'passphrase', passphrase: new Secret('told') }], {}, noToken, 'Bearer told'],
  ['an API key', [apiKey], { apiKey: 'key' }, noToken, 'Bearer key'],
  ['of several, the token first', [passphrase, oidc], { passphrase: 'p' }, token, 'Bearer user-token'],
  ['of several, what a user without a token has', [oidc, passphrase], { passphrase: 'p' }, noToken, 'Bearer p'],
  ['of several, the secret that was given', [passphrase, apiKey], { apiKey: 'key' }, noToken, 'Bearer key'],
  ['a secret that the deployment does not take stays here', [oidc], { passphrase: 'p', apiKey: 'key' }, token, 'Bearer user-token'],
])('%s', async (_, access, options, getToken, authorization) => {
  expect(await sentWith(access, options, getToken)).toBe(authorization);
});

test('a user without any way in is told which there are, and nothing is sent', async () => {
  await expect(sentWith([passphrase, apiKey], {}, token)).rejects.toThrow(/guarded by passphrase, apiKey/);
});

test('a token that cannot be had for another reason is no reason to use a secret', async () => {
  const broken = (): Promise<AccessToken> => Promise.reject(new Error('the identity provider is down'));
  await expect(sentWith([oidc, passphrase], { passphrase: 'p' }, broken)).rejects.toThrow('is down');
});

import { describe, expect, it, test } from 'vitest';
import { inspect } from 'node:util';
import { AccessToken } from 'h2o-ai-cloud';
import { failureOf, fakeScorer } from '../../support/fake-scorer.js';

const request = { fields: ['a'], rows: [['1']] };
const now = Math.floor(Date.now() / 1000);

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

async function refusal(token: string, options: { readonly passphrase?: string } = {}): Promise<Error> {
  const challenge = 'Bearer error="invalid_token", error_description="Signed JWT rejected"';
  const credential = { getToken: () => Promise.resolve(new AccessToken(token)) };
  const answer = (): Response => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
  return failureOf(fakeScorer({ '/model/score': answer }, { user: { credential }, ...options }).scorer.score(request));
}

describe('a 401 of a deployment that OIDC guards', () => {
  const claims = { iss: 'https://login.example.com/realms/h2o', exp: now + 300, sub: 'a-subject', email: 'someone@example.com' };

  it('shows the issuer, and the setting that must name it', async () => {
    const error = await refusal(jwt(claims));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'AUTH_REJECTED' });
    expect(error.message).toContain('(401, invalid_token)');
    expect(error.message).toContain('https://login.example.com/realms/h2o');
    expect(error.message).toContain('deployer.config.securityProxy.oidcIssuers');
    expect(error.message).toContain('names no audience');
  });

  it('shows no other value of the token', async () => {
    const error = await refusal(jwt({ ...claims, aud: ['an-audience', 'a-second'] }));
    const shown = `${inspect(error)} ${JSON.stringify(error)}`;
    expect(shown).toContain('audience (aud) may be another');
    for (const value of ['an-audience', 'a-second', 'a-subject', 'someone@', String(claims.exp), 'rejected'])
      expect(shown).not.toContain(value);
  });

  test.each<[string, string, string]>([
    ['has expired', jwt({ ...claims, exp: now - 10 }), 'The token has expired'],
    ['is no JWT', 'opaque-token', 'The token is no JWT'],
    ['names no issuer', jwt({ exp: now + 300 }), 'an issuer that it does not name'],
  ])('says so when the token %s', async (_, token, said) => {
    const error = await refusal(token);
    expect(error.message).toContain(said);
    expect(error.message).not.toContain(token);
  });
});

it('a refused passphrase is not explained as a token', async () => {
  const error = await refusal('token', { passphrase: 'open sesame' });
  expect(error.message).toContain('refused the passphrase or API key');
  expect(error.message).not.toMatch(/sesame|oidcIssuers/);
});

/** Tokens exchanged for others: what is asked of the identity provider, whose tokens they are, and what happens when it says no. */
import { describe, expect, it } from 'vitest';
import { tokenExchangeCredential } from '../../../src/identity/token-exchange.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import type { Credential, TokenRequest } from '../../../src/internal/credential.js';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { jwt, refused, reply, type Answer } from '../../support/token-server.js';
import { failureOf, secretProof, startWorld, type World } from './world.js';

let issued = 0;

/** An exchanged token with these claims. */
const exchangedFor =
  (claims: Readonly<Record<string, unknown>>): Answer =>
  (response) => {
    const token = jwt({ sub: 'alice', n: ++issued, ...claims });
    const issuedType = 'urn:ietf:params:oauth:token-type:access_token';
    reply(response, {
      status: 200,
      body: { access_token: token, token_type: 'Bearer', expires_in: 300, issued_token_type: issuedType, refresh_expires_in: 0 },
    });
  };

interface Exchange extends World {
  readonly credential: Credential;
  readonly asked: TokenRequest[];
  /** What the source gives from now on. */
  own: string;
}

/** @param own the token of the source, which has no other one */
async function start(own = jwt({ sub: 'alice', scope: 'openid' })): Promise<Exchange> {
  const world = await startWorld({}, { proof: secretProof('secret') });
  const asked: TokenRequest[] = [];
  const source: Credential = {
    getToken: (request) => {
      asked.push(request);
      if (request.rejected === exchange.own) {
        return Promise.reject(new AuthenticationError({ code: 'AUTH_REJECTED', what: 'There is no other one.' }));
      }
      return Promise.resolve(new AccessToken(exchange.own));
    },
  };
  const credential = tokenExchangeCredential({ source, clock: world.clock, client: () => Promise.resolve(world.client) });
  const exchange: Exchange = { ...world, credential, asked, own };
  return exchange;
}

describe('an exchange', () => {
  it('cases 16, 104: asks for an access token with the missing scopes and always openid, and spends nothing', async () => {
    await using world = await start();
    world.server.next(exchangedFor({ scope: 'openid ai.h2o.storage ai.h2o.deploy' }));
    await world.credential.getToken({ scopes: ['ai.h2o.storage', 'ai.h2o.deploy'] });
    expect(world.server.forms).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: 'sdk',
        client_secret: 'secret',
        subject_token: world.own,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope: 'openid ai.h2o.storage ai.h2o.deploy',
      },
    ]);
  });

  it('case 17: for two audiences names both, and each set of audiences has a token of its own', async () => {
    await using world = await start();
    world.server.next(exchangedFor({ aud: ['mlops', 'steam'] }), exchangedFor({ aud: 'mlops' }));
    const both = await world.credential.getToken({ audience: ['mlops', 'steam'] });
    const one = await world.credential.getToken({ audience: ['mlops'] });
    expect(one.value).not.toBe(both.value);
    expect((await world.credential.getToken({ audience: ['steam', 'mlops'] })).value).toBe(both.value);
    expect(world.server.bodies.map((body) => new URLSearchParams(body).getAll('audience'))).toEqual([['mlops', 'steam'], ['mlops']]);
  });

  it('is not needed where the token of the source is good enough', async () => {
    await using world = await start(jwt({ scope: 'openid a b', aud: ['mlops'] }));
    expect((await world.credential.getToken({ scopes: ['b'], audience: ['mlops'] })).value).toBe(world.own);
    expect(world.server.forms).toEqual([]);
  });

  it('without the audience that was asked is an error', async () => {
    await using world = await start();
    world.server.next(exchangedFor({ aud: 'other' }));
    expect(await failureOf(world.credential.getToken({ audience: ['mlops'] }))).toMatchObject({ code: 'EXCHANGE_NOT_ALLOWED' });
  });

  it('case 108: gives a token instead of one that a service has refused, where the source has no other one', async () => {
    await using world = await start(jwt({ scope: 'a' }));
    world.server.next(exchangedFor({ scope: 'openid a' }));
    const token = await world.credential.getToken({ scopes: ['a'], rejected: world.own });
    expect(token.value).not.toBe(world.own);
    expect(world.server.forms).toMatchObject([{ subject_token: world.own }]);
  });

  it('case 113: has no refresh token, and a life that `refresh_expires_in: 0` says nothing of', async () => {
    await using world = await start();
    world.server.next(exchangedFor({ scope: 'openid a' }));
    const token = await world.credential.getToken({ scopes: ['a'] });
    await world.clock.advance(200_000);
    expect((await world.credential.getToken({ scopes: ['a'] })).value).toBe(token.value);
    expect(world.server.forms).toHaveLength(1);
  });
});

describe('case 18: a subject token that the provider does not take any more', () => {
  const over = refused('invalid_request', 'Invalid token');

  it('is renewed by its source once, and the exchange tried once more', async () => {
    await using world = await start();
    const first = world.own;
    const newer = jwt({ sub: 'alice', scope: 'openid', n: 'newer' });
    world.server.next(
      (response, grant) => {
        world.own = newer;
        return over(response, grant);
      },
      exchangedFor({ scope: 'openid a' }),
    );
    await world.credential.getToken({ scopes: ['a'] });
    expect(world.server.forms.map((form) => form['subject_token'])).toEqual([first, newer]);
    expect(world.asked.map(({ rejected }) => rejected)).toEqual([undefined, undefined, first]);
  });

  it('whose source has no other one means that the user must sign in again', async () => {
    await using world = await start();
    world.server.next(over);
    expect(await failureOf(world.credential.getToken({ scopes: ['a'] }))).toMatchObject({
      name: 'SignInRequiredError',
      code: 'SESSION_EXPIRED',
    });
    expect(world.server.forms).toHaveLength(1);
  });

  it('twice ends the same way, without a third try', async () => {
    await using world = await start();
    world.server.next(
      (response, grant) => {
        world.own = jwt({ sub: 'alice', n: 'newer' });
        return over(response, grant);
      },
      over,
      exchangedFor({ scope: 'openid a' }),
    );
    expect(await failureOf(world.credential.getToken({ scopes: ['a'] }))).toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(world.server.forms).toHaveLength(2);
  });
});

describe('case 67: an exchange that the provider does not allow', () => {
  it.each([
    ['a client that may not', refused('invalid_request', 'Standard token exchange is not enabled for the requested client')],
    ['a public client', refused('invalid_client', 'Public client is not allowed to exchange token')],
    ['a stranger', refused('access_denied', 'Client is not within the token audience', 403)],
  ])('names the missing scopes and who grants them: %s', async (_, answer) => {
    await using world = await start();
    world.server.next(answer);
    const error = await failureOf(world.credential.getToken({ scopes: ['a'] }));
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['a'], granted: ['openid'] });
    expect(error.message).toMatch(/administrator.*scopes of the client "sdk".*token exchange/);
  });

  it('is told as it is where an audience was wanted', async () => {
    await using world = await start();
    world.server.next(refused('invalid_client', 'Audience not found'));
    expect(await failureOf(world.credential.getToken({ audience: ['nobody'] }))).toMatchObject({
      name: 'TokenExchangeError',
      code: 'EXCHANGE_NOT_ALLOWED',
    });
  });
});

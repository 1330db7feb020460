import { describe, expect, it, test } from 'vitest';
import { readJwtClaims } from '../../../src/identity/jwt-claims.js';
import { jwt } from '../../support/token-server.js';

const raw = (payload: string): string => `e30.${Buffer.from(payload).toString('base64url')}.x`;

describe('claims of a token', () => {
  it('are read in our units', () => {
    const claims = readJwtClaims(jwt({ iss: 'https://idp', sub: 'alice', exp: 200, iat: 100.5, scope: 'openid  a', aud: 'mlops' }));
    expect(claims).toMatchObject({
      issuer: 'https://idp',
      subject: 'alice',
      expiresAt: 200_000,
      issuedAt: 100_500,
      scopes: ['openid', 'a'],
      audience: ['mlops'],
    });
  });

  it('keep the whole payload, for those who look for roles', () => {
    expect(readJwtClaims(jwt({ realm_access: { roles: ['admin'] } }))?.payload).toEqual({ realm_access: { roles: ['admin'] } });
  });

  it('take lists of scopes and audiences', () => {
    expect(readJwtClaims(jwt({ scope: ['a', 'b c', 3], aud: ['x', 'y'] }))).toMatchObject({
      scopes: ['a', 'b', 'c'],
      audience: ['x', 'y'],
    });
  });

  test.each<[string, unknown]>([
    ['text', '200'],
    ['negative', -1],
    ['beyond all dates', 1e300],
    ['null', null],
  ])('an `exp` that is %s counts as absent', (_, exp) => {
    expect(readJwtClaims(jwt({ exp }))?.expiresAt).toBeUndefined();
  });

  test.each([
    ['an opaque token', 'opaque-token'],
    ['two dots without JSON', 'a.b.c'],
    ['an array', raw('[1]')],
    ['null', raw('null')],
    ['broken JSON', raw('{"exp":')],
    ['five parts', 'a.b.c.d.e'],
    ['100 kB', raw(JSON.stringify({ sub: 'x'.repeat(100_000) }))],
    ['nothing', ''],
  ])('%s has none', (_, token) => {
    expect(readJwtClaims(token)).toBeUndefined();
  });

  it('case 80: cannot reach a prototype', () => {
    const claims = readJwtClaims(raw('{"__proto__":{"polluted":1,"sub":"mallory"},"constructor":{"prototype":{"polluted":1}}}'));
    expect(claims?.subject).toBeUndefined();
    expect(Object.hasOwn(claims?.payload ?? {}, '__proto__')).toBe(false);
    expect(Object.assign({}, claims?.payload)).not.toHaveProperty('polluted');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

import { describe, expect, it, test } from 'vitest';
import { tokenRefusal } from '../../../src/local/scorer/token-refusal.js';

const issuer = 'http://127.0.0.1/auth/realms/hac';
const now = Date.UTC(2026, 10, 21, 5, 34);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: object): string => `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
const refusal = (text: string): string => tokenRefusal(text, new Set([issuer]), now);

describe('a token that a scorer refuses is answered as by a resource server of Spring', () => {
  test.each([
    ['nothing', '', 'Bearer token is malformed'],
    ['characters that no token has', 'open barley', 'Bearer token is malformed'],
    ['a word', 'nobody', 'An error occurred while attempting to decode the Jwt: Malformed token'],
    [
      'one of another issuer',
      token({ iss: 'https://other.example', exp: now / 1000 + 60 }),
      'An error occurred while attempting to decode the Jwt: Signed JWT rejected: Another algorithm expected, or no matching key(s) found',
    ],
    [
      'one that is forged',
      token({ iss: issuer, exp: now / 1000 + 60 }),
      'An error occurred while attempting to decode the Jwt: Signed JWT rejected: Invalid signature',
    ],
    [
      'one that has expired',
      token({ iss: issuer, exp: now / 1000 - 52 }),
      'An error occurred while attempting to decode the Jwt: Jwt expired at 2026-11-21T05:33:08Z',
    ],
  ])('%s', (_, text, description) => {
    const rest = 'error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"';
    expect(refusal(text)).toBe(`Bearer error="invalid_token", error_description="${description}", ${rest}`);
  });

  it('and the answer never holds the token', () => {
    const secret = token({ iss: 'https://private.example', sub: 'private', exp: 1 });
    expect(refusal(secret)).not.toMatch(/private|eyJ/);
  });
});

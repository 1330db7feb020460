import { expect, test } from 'vitest';
import { userClaims, type UserClaims } from '../../../src/access/claims.js';
import type { RoleSettings } from '../../../src/environment/settings.js';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { AccessToken } from '../../../src/internal/access-token.js';

const settings: RoleSettings = { claim: 'realm_access.roles', admin: 'admin', fullAccess: undefined };
const token = (payload: object | string): AccessToken =>
  new AccessToken(`e30.${Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64url')}.x`);

test.each<[object, Partial<RoleSettings>, Partial<UserClaims>]>([
  [
    { sub: 's', preferred_username: 'zoë', email: 'z@x.example', name: 'Zoë' },
    {},
    { subject: 's', username: 'zoë', email: 'z@x.example', name: 'Zoë', roles: [], category: 'fullAccess' },
  ],
  [{ sub: 's', realm_access: { roles: ['user', 'admin'] } }, {}, { roles: ['user', 'admin'], category: 'admin' }],
  [{ sub: 's', realm_access: { roles: ['user'] } }, { fullAccess: 'full' }, { category: 'visitor' }],
  [{ sub: 's', realm_access: { roles: ['full'] } }, { fullAccess: 'full' }, { category: 'fullAccess' }],
  [
    { sub: 's', roles: 'full, other  third' },
    { claim: 'roles', fullAccess: 'full' },
    { roles: ['full', 'other', 'third'], category: 'fullAccess' },
  ],
  [{ sub: 's', 'https://x.example/roles': ['boss'] }, { claim: 'https://x.example/roles', admin: 'boss' }, { category: 'admin' }],
  [{ sub: 's', realm_access: 'admin' }, {}, { roles: [], category: 'fullAccess' }],
  [{ sub: 's', realm_access: { roles: ['admin', 1, null] } }, {}, { roles: ['admin'] }],
])('%j with %j', (payload, changes, expected) => {
  expect(userClaims(token(payload), { ...settings, ...changes })).toMatchObject(expected);
});

test('a path into a prototype finds nothing', () => {
  expect(userClaims(token({ sub: 's' }), { ...settings, claim: '__proto__.constructor.name' }).roles).toEqual([]);
  expect(userClaims(token('{"sub":"s","__proto__":{"roles":["admin"]}}'), { ...settings, claim: '__proto__.roles' }).category).toBe(
    'fullAccess',
  );
});

test.each([['opaque'], ['{"no":"subject"}']])('a token that does not say who the user is: %s', (payload) => {
  expect(() => userClaims(payload === 'opaque' ? new AccessToken('opaque-token') : token(payload), settings)).toThrow(AuthenticationError);
});

/**
 * Who a user is and which roles they have, read from the claims of their access token. For display and convenience only:
 * the signature is not checked here, and what a user may do is decided by the services.
 */
import type { RoleSettings } from '../environment/settings.js';
import { AuthenticationError } from '../errors/authentication-error.js';
import { ownMember, readJwtClaims } from '../identity/jwt-claims.js';
import type { AccessToken } from '../internal/access-token.js';

/** What a user's access token says of them. */
export interface UserClaims {
  /** The identity provider's id of the user. */
  readonly subject: string;
  readonly username?: string;
  readonly name?: string;
  readonly email?: string;
  /** All roles in the configured claim, technical ones of the identity provider included. */
  readonly roles: readonly string[];
  /** By the configured role names. Without a full-access role nobody is a visitor. */
  readonly category: 'admin' | 'fullAccess' | 'visitor';
}

type Payload = Readonly<Record<string, unknown>>;

/** @throws {AuthenticationError} code `CREDENTIAL_FAILED`: the token is opaque, or names no subject */
export function userClaims(token: AccessToken, settings: RoleSettings): UserClaims {
  const claims = readJwtClaims(token.value);
  if (claims?.subject === undefined) {
    throw new AuthenticationError({
      code: 'CREDENTIAL_FAILED',
      what: 'The access token does not say who the user is: it is no JWT, or has no subject.',
      fix: 'Ask the userinfo endpoint of the identity provider instead, or let the provider issue access tokens that are JWTs.',
    });
  }
  const { payload, subject } = claims;
  const roles = rolesAt(payload, settings.claim);
  return {
    subject,
    roles,
    category: categoryOf(roles, settings),
    ...textMember('username', ownMember(payload, 'preferred_username')),
    ...textMember('name', ownMember(payload, 'name')),
    ...textMember('email', ownMember(payload, 'email')),
  };
}

function categoryOf(roles: readonly string[], { admin, fullAccess }: RoleSettings): UserClaims['category'] {
  if (roles.includes(admin)) return 'admin';
  return fullAccess === undefined || roles.includes(fullAccess) ? 'fullAccess' : 'visitor';
}

/** A claim may have dots in its own name, so the whole path is looked for first. */
function rolesAt(payload: Payload, path: string): readonly string[] {
  const value =
    ownMember(payload, path) ??
    path.split('.').reduce<unknown>((step, name) => (isObject(step) ? ownMember(step, name) : undefined), payload);
  if (typeof value === 'string') return value.split(/[\s,]+/).filter((role) => role !== '');
  return Array.isArray(value) ? value.filter((role) => typeof role === 'string') : [];
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textMember<Name extends string>(name: Name, value: unknown): { readonly [Key in Name]?: string } {
  const member: { [Key in Name]?: string } = {};
  return typeof value === 'string' && value !== '' ? { ...member, [name]: value } : member;
}

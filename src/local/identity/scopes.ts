/**
 * Which scopes a grant ends with. Pure: asked and assigned scopes in, granted scopes out.
 */
import type { Client } from './realm.js';
import { OAuthError } from './oauth-error.js';

/** The scopes in a request's `scope` parameter; undefined where it was not sent. Unassigned ones are refused before anything is spent. */
export function requestedScopes(client: Client, scope: string | undefined): readonly string[] | undefined {
  if (scope === undefined) return undefined;
  const asked = scope.split(' ').filter((entry) => entry !== '');
  const isAssigned = (entry: string): boolean =>
    entry === 'openid' || client.defaultScopes.includes(entry) || client.optionalScopes.includes(entry);
  if (asked.length === 0 || !asked.every(isAssigned)) throw new OAuthError('invalid_scope', `Invalid scopes: ${scope}`);
  return asked;
}

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

/** At sign-in, and in a token exchange that names scopes: what was asked, and the client's defaults beside it. */
export function grantedAtSignIn(client: Client, asked: readonly string[] | undefined): readonly string[] {
  return union(asked ?? [], client.defaultScopes);
}

/** A refresh can narrow, never widen: an optional scope that was not granted at sign-in is dropped without a word. */
export function grantedAtRefresh(client: Client, granted: readonly string[], asked: readonly string[] | undefined): readonly string[] {
  if (asked === undefined) return granted;
  const kept = granted.filter((entry) => entry === 'openid' || asked.includes(entry));
  return union(kept, client.defaultScopes);
}

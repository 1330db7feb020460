/**
 * Token exchange (RFC 8693) as Keycloak's standard exchange does it: which subject tokens, audiences and scopes it takes, and in which words it refuses the rest.
 */
import type { GrantedTokens, Identity, LiveToken } from './identity.js';
import { OAuthError, invalidRequest } from './oauth-error.js';
import type { Client } from './realm.js';
import { grantedAtSignIn, requestedScopes } from './scopes.js';
import { audiencesOf } from './tokens.js';

const typePrefix = 'urn:ietf:params:oauth:token-type:';

export interface Exchange {
  /** Only where the request itself names `openid`. */
  readonly hasIdToken: boolean;
  readonly granted: GrantedTokens;
  readonly requested: 'access_token' | 'id_token' | 'refresh_token';
}

export async function tokenExchange(identity: Identity, client: Client, form: URLSearchParams): Promise<Exchange> {
  if (!client.exchangesTokens) throw invalidRequest('Standard token exchange is not enabled for the requested client');
  const requested = checkedForm(client, form);
  const subject = await checkedSubject(identity, client, form.get('subject_token') ?? '');
  const scope = form.get('scope') ?? undefined;
  const asked = requestedScopes(client, scope);
  const { session } = subject;
  if (requested === 'refresh_token' && session.isOffline)
    throw invalidRequest('Refresh token not valid as requested_token_type because creating a new session is needed');
  const part = session.clients.get(client.id);
  const scopes = asked === undefined ? withSessionsOpenid(grantedAtSignIn(client, undefined), subject) : grantedAtSignIn(client, asked);
  const audiences = checkedAudiences(identity, form.getAll('audience'), scopes);
  // Online, the login session keeps `openid`, and with it its ID token, only as long as the exchanges ask for it.
  if (asked !== undefined && part !== undefined && !session.isOffline) part.hasOpenid = asked.includes('openid');
  if (part === undefined) session.clients.set(client.id, { hasOpenid: true });
  return {
    granted: { session, client, scopes, mark: 'te', ...(audiences === undefined ? {} : { audiences }) },
    hasIdToken: asked?.includes('openid') === true,
    requested,
  };
}

const withSessionsOpenid = (scopes: readonly string[], subject: LiveToken): readonly string[] =>
  subject.scopes.includes('openid') ? ['openid', ...scopes] : scopes;

function checkedForm(client: Client, form: URLSearchParams): Exchange['requested'] {
  if (form.has('requested_subject')) throw invalidRequest("Parameter 'requested_subject' is not supported for standard token exchange");
  if (!form.has('subject_token')) throw invalidRequest("Parameter 'subject_token' required for standard token exchange");
  const subjectType = form.get('subject_token_type');
  if (subjectType === null) throw invalidRequest("Parameter 'subject_token_type' required for standard token exchange");
  if (subjectType !== `${typePrefix}access_token`) throw invalidRequest("Parameter 'subject_token' supports access tokens only");
  const requested = form.get('requested_token_type') ?? `${typePrefix}access_token`;
  if (requested === `${typePrefix}access_token`) return 'access_token';
  if (requested === `${typePrefix}id_token`) return 'id_token';
  if (requested === `${typePrefix}refresh_token` && client.exchangesForRefreshTokens) return 'refresh_token';
  throw invalidRequest('requested_token_type unsupported');
}

async function checkedSubject(identity: Identity, client: Client, token: string): Promise<LiveToken> {
  const verdict = await identity.check(token);
  // One text for expired, revoked, signed out, disabled and junk.
  if (!('live' in verdict)) throw invalidRequest('Invalid token');
  const { live } = verdict;
  const audience = live.claims['aud'];
  const names = Array.isArray(audience) ? audience : [audience];
  if (live.clientId !== client.id && !names.includes(client.id)) {
    throw new OAuthError('access_denied', 'Client is not within the token audience', 403);
  }
  return live;
}

function checkedAudiences(identity: Identity, asked: readonly string[], scopes: readonly string[]): readonly string[] | undefined {
  if (asked.length === 0) return undefined;
  if (!asked.every((name) => identity.realm.clients.has(name))) throw new OAuthError('invalid_client', 'Audience not found');
  const available = audiencesOf(scopes);
  const missing = asked.filter((name) => !available.includes(name));
  if (missing.length > 0) throw invalidRequest(`Requested audience not available: ${missing.join(' ')}`);
  return asked;
}

/**
 * The identity provider's HTTP face: one Keycloak realm at `/auth/realms/hac`, with the paths, statuses and texts of a real one.
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { deviceDecision, deviceForm } from './identity/device-page.js';
import { deviceFlowDisabled, grants } from './identity/grants.js';
import type { Identity } from './identity/identity.js';
import { OAuthError, invalidRequest } from './identity/oauth-error.js';
import { realmScopes } from './identity/realm.js';
import type { Client } from './identity/realm.js';
import type { RefreshToken } from './identity/sessions.js';
import { requestedScopes } from './identity/scopes.js';
import { profileOf, rolesOf } from './identity/tokens.js';
import type { JsonObject } from './json.js';

/** Parameters that may come more than once. */
const repeatable = new Set(['audience', 'resource']);

async function formOf(context: Context): Promise<URLSearchParams> {
  const type = context.req.header('content-type') ?? '';
  return new URLSearchParams(type.includes('application/x-www-form-urlencoded') ? await context.req.text() : '');
}

const clientOf = (identity: Identity, context: Context, form: URLSearchParams): Promise<Client> =>
  identity.clientAuthenticator.client({ authorization: context.req.header('authorization'), form });

const uncached = { 'cache-control': 'no-store', pragma: 'no-cache' };

function metadata(issuer: string): JsonObject {
  const endpoints = `${issuer}/protocol/openid-connect`;
  const authentication = ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt'];
  return {
    issuer,
    authorization_endpoint: `${endpoints}/auth`,
    token_endpoint: `${endpoints}/token`,
    device_authorization_endpoint: `${endpoints}/auth/device`,
    introspection_endpoint: `${endpoints}/token/introspect`,
    userinfo_endpoint: `${endpoints}/userinfo`,
    end_session_endpoint: `${endpoints}/logout`,
    jwks_uri: `${endpoints}/certs`,
    revocation_endpoint: `${endpoints}/revoke`,
    grant_types_supported: [...grants.keys()],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: realmScopes,
    claims_supported: ['aud', 'sub', 'iss', 'auth_time', 'name', 'given_name', 'family_name', 'preferred_username', 'email', 'acr'],
    token_endpoint_auth_methods_supported: authentication,
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'HS256', 'HS384', 'HS512'],
    revocation_endpoint_auth_methods_supported: authentication,
    introspection_endpoint_auth_methods_supported: authentication,
  };
}

async function tokenEndpoint(identity: Identity, context: Context): Promise<Response> {
  const form = await formOf(context);
  const grantType = form.get('grant_type');
  if (grantType === null) throw invalidRequest('Missing form parameter: grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) throw new OAuthError('unsupported_grant_type', 'Unsupported grant_type');
  const client = await clientOf(identity, context, form);
  if ([...new Set(form.keys())].some((name) => !repeatable.has(name) && form.getAll(name).length > 1))
    throw invalidRequest('duplicated parameter');
  return context.json(await grant(identity, client, form), 200, uncached);
}

async function deviceEndpoint(identity: Identity, context: Context): Promise<Response> {
  const form = await formOf(context);
  const client = await clientOf(identity, context, form);
  if (!client.hasDeviceFlow) throw deviceFlowDisabled();
  const scopes = requestedScopes(client, form.get('scope') ?? undefined);
  const code = identity.deviceCodes.issue(client, scopes, identity.now());
  const page = `${identity.issuer}/device`;
  const answer = {
    device_code: code.value,
    user_code: code.userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${code.userCode}`,
    expires_in: code.lifeSeconds,
    interval: code.intervalSeconds,
  };
  return context.json(answer, 200, uncached);
}

async function userinfoEndpoint(identity: Identity, context: Context): Promise<Response> {
  const refusal = (status: 401 | 403, error: string, description: string): Response =>
    context.body('', status, {
      'content-type': 'text/plain',
      'www-authenticate': `Bearer realm="hac", error="${error}", error_description="${description}"`,
    });
  const [, token] = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '') ?? [];
  if (token === undefined) return context.body('', 401, { 'content-type': 'text/plain', 'www-authenticate': 'Bearer realm="hac"' });
  const verdict = await identity.check(token);
  if (!('live' in verdict)) return refusal(401, 'invalid_token', verdict.refusal);
  const { scopes, session } = verdict.live;
  if (!scopes.includes('openid')) return refusal(403, 'insufficient_scope', 'Missing openid scope');
  return context.json({ sub: session.account.id, ...profileOf(session.account), ...rolesOf(session.account, scopes) });
}

/** A refresh token ends its client's part of the session; so does an access token that was once exchanged; another one ends only itself. */
async function revokeEndpoint(identity: Identity, context: Context): Promise<Response> {
  const form = await formOf(context);
  const client = await clientOf(identity, context, form);
  const value = form.get('token') ?? '';
  const refreshToken = identity.sessions.refreshToken(value);
  if (refreshToken?.client.id === client.id) {
    identity.sessions.endClient(refreshToken.session, client.id);
    return context.body('', 200);
  }
  const verdict = await identity.check(value);
  if (!('live' in verdict) || verdict.live.clientId !== client.id)
    return context.json({ error: 'invalid_token', error_description: 'Invalid token' });
  const { session, tokenId } = verdict.live;
  if (/^..rtte:/.test(tokenId)) identity.sessions.endClient(session, client.id);
  else identity.sessions.revokeAccessToken(tokenId);
  return context.body('', 200);
}

async function introspectEndpoint(identity: Identity, context: Context): Promise<Response> {
  const form = await formOf(context);
  const client = await clientOf(identity, context, form);
  if (client.secret === undefined && !client.signsAssertions) throw new OAuthError('invalid_request', 'Client not allowed.', 403);
  const value = form.get('token') ?? '';
  const refreshToken = identity.sessions.refreshToken(value);
  if (refreshToken !== undefined) return context.json(introspectedRefreshToken(identity, refreshToken));
  const verdict = await identity.check(value);
  if (!('live' in verdict)) return context.json({ active: false });
  const { claims, clientId, session } = verdict.live;
  return context.json({ ...claims, client_id: clientId, username: session.account.username, token_type: 'Bearer', active: true });
}

function introspectedRefreshToken(identity: Identity, { value, session, client, scopes }: RefreshToken): JsonObject {
  if (!identity.sessions.isLive(value, client, identity.now())) return { active: false };
  const { account, id, isOffline } = session;
  return {
    typ: isOffline ? 'Offline' : 'Refresh',
    iss: identity.issuer,
    sub: account.id,
    sid: id,
    azp: client.id,
    scope: scopes.join(' '),
    client_id: client.id,
    username: account.username,
    active: true,
  };
}

/** Sign-out by the client (a refresh token) or by the browser (the ID token it was given). */
async function logoutEndpoint(identity: Identity, context: Context): Promise<Response> {
  const form = context.req.method === 'POST' ? await formOf(context) : new URL(context.req.url).searchParams;
  const refreshToken = form.get('refresh_token');
  if (refreshToken !== null) {
    const client = await clientOf(identity, context, form);
    identity.sessions.end(identity.sessions.find(refreshToken, client, identity.now()).session);
    return context.body(null, 204);
  }
  const claims = await identity.tokens.read(form.get('id_token_hint') ?? '');
  if (claims === undefined) return context.text('Missing parameters: id_token_hint', 400);
  const session = identity.sessions.live(String(claims['sid']), String(claims['azp']), '');
  if (session !== undefined && !session.isOffline) identity.sessions.end(session);
  const next = form.get('post_logout_redirect_uri');
  return next === null ? context.text('You are logged out') : context.redirect(next, 302);
}

/** The identity provider as an app; it serves everything below `/auth`. */
export function identityProvider(identity: Identity): Hono {
  const app = new Hono();
  const realm = `/auth/realms/${identity.realm.name}`;
  const endpoints = `${realm}/protocol/openid-connect`;
  app.onError((error) => {
    if (!(error instanceof OAuthError)) throw error;
    return Response.json({ error: error.error, error_description: error.message }, { status: error.status, headers: uncached });
  });
  app.get(`${realm}/.well-known/openid-configuration`, (context) =>
    context.json(metadata(identity.issuer), 200, { 'cache-control': 'no-cache' }),
  );
  app.get(`${endpoints}/certs`, async (context) => context.json(await identity.tokens.jwks()));
  app.post(`${endpoints}/token`, (context) => tokenEndpoint(identity, context));
  app.all(`${endpoints}/token`, (context) => context.json({ error: 'HTTP 405 Method Not Allowed' }, 405));
  app.post(`${endpoints}/auth/device`, (context) => deviceEndpoint(identity, context));
  app.get(`${realm}/device`, (context) => deviceForm(identity, context));
  app.post(`${realm}/device`, (context) => deviceDecision(identity, context));
  app.post(`${endpoints}/token/introspect`, (context) => introspectEndpoint(identity, context));
  app.on(['GET', 'POST'], `${endpoints}/userinfo`, (context) => userinfoEndpoint(identity, context));
  app.post(`${endpoints}/revoke`, (context) => revokeEndpoint(identity, context));
  app.on(['GET', 'POST'], `${endpoints}/logout`, (context) => logoutEndpoint(identity, context));
  app.all('/auth/realms/:realm/*', (context) =>
    context.json({ error: context.req.param('realm') === identity.realm.name ? 'HTTP 404 Not Found' : 'Realm does not exist' }, 404),
  );
  return app;
}

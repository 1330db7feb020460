/**
 * The token endpoint's grants, each a function from the form to the answer's members. Refusals are thrown as {@link OAuthError}.
 */
import type { JsonObject } from '../json.js';
import { tokenExchange } from './exchange.js';
import type { GrantedTokens, Identity } from './identity.js';
import { OAuthError, invalidGrant, invalidRequest } from './oauth-error.js';
import type { Client } from './realm.js';
import { grantedAtRefresh, grantedAtSignIn, requestedScopes } from './scopes.js';
import type { RefreshToken } from './sessions.js';

export type Grant = (identity: Identity, client: Client, form: URLSearchParams) => Promise<JsonObject>;

const parameter = (form: URLSearchParams, name: string): string | undefined => form.get(name) ?? undefined;

interface Answer {
  readonly granted: GrantedTokens;
  readonly refreshToken?: RefreshToken;
  /** Default: as `openid` among the scopes says. */
  readonly hasIdToken?: boolean;
  /** What the answer calls the scope, where it is not what the token holds. */
  readonly statedScopes?: readonly string[];
}

async function tokenAnswer(identity: Identity, { granted, refreshToken, statedScopes, ...answer }: Answer): Promise<JsonObject> {
  const { hasIdToken = granted.scopes.includes('openid') } = answer;
  const refreshSeconds =
    refreshToken?.expiresAt === undefined ? 0 : Math.max(0, Math.floor((refreshToken.expiresAt - identity.now()) / 1000));
  return {
    access_token: await identity.accessToken(granted),
    expires_in: identity.lifeSeconds(granted.session),
    refresh_expires_in: refreshSeconds,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken.value }),
    token_type: 'Bearer',
    ...(hasIdToken ? { id_token: await identity.idToken(granted) } : {}),
    'not-before-policy': 0,
    session_state: granted.session.id,
    scope: (statedScopes ?? granted.scopes).join(' '),
  };
}

const passwordGrant: Grant = (identity, client, form) => {
  const asked = requestedScopes(client, parameter(form, 'scope'));
  const account = identity.realm.accounts.get(form.get('username') ?? '');
  if (account === undefined || account.password !== form.get('password'))
    throw new OAuthError('invalid_grant', 'Invalid user credentials', 401);
  if (!account.enabled) throw invalidGrant('Account disabled');
  const { session, refreshToken } = identity.signIn(account, client, asked);
  return tokenAnswer(identity, { granted: { session, client, scopes: refreshToken.scopes, mark: 'ro' }, refreshToken });
};

const refreshGrant: Grant = (identity, client, form) => {
  const value = form.get('refresh_token');
  if (value === null) throw invalidRequest('No refresh token');
  const asked = requestedScopes(client, parameter(form, 'scope'));
  const spent = identity.sessions.find(value, client, identity.now());
  const refreshToken = identity.sessions.redeem(spent);
  const { session } = refreshToken;
  const scopes = identity.withinSession({ session, client, scopes: grantedAtRefresh(client, spent.scopes, asked) });
  return tokenAnswer(identity, {
    granted: { session, client, scopes, mark: 'rt' },
    refreshToken,
    // An offline session's answer names the whole original scope, whatever was asked: the token's own claim is the truth.
    ...(session.isOffline ? { statedScopes: spent.scopes } : {}),
  });
};

const clientCredentialsGrant: Grant = (identity, client, form) => {
  if (!client.hasServiceAccount) throw new OAuthError('unauthorized_client', 'Client not enabled to retrieve service account', 401);
  const scopes = grantedAtSignIn(client, requestedScopes(client, parameter(form, 'scope')));
  const session = identity.sessions.start(identity.realm.serviceAccount(client), client, scopes, identity.now());
  return tokenAnswer(identity, { granted: { session, client, scopes, mark: 'cc' } });
};

const deviceGrant: Grant = (identity, client, form) => {
  if (!client.hasDeviceFlow) throw deviceFlowDisabled();
  const code = form.get('device_code');
  if (code === null) throw invalidRequest('Missing parameter: device_code');
  const { account, scopes } = identity.deviceCodes.redeem(code, client, identity.now());
  const { session, refreshToken } = identity.signIn(account, client, scopes);
  return tokenAnswer(identity, { granted: { session, client, scopes: refreshToken.scopes, mark: 'dg' }, refreshToken });
};

export const deviceFlowDisabled = (): OAuthError =>
  new OAuthError(
    'unauthorized_client',
    'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.',
  );

const exchangeGrant: Grant = async (identity, client, form) => {
  const { granted, hasIdToken, requested } = await tokenExchange(identity, client, form);
  if (requested === 'id_token') {
    return {
      access_token: await identity.idToken(granted),
      token_type: 'N_A',
      issued_token_type: `urn:ietf:params:oauth:token-type:${requested}`,
    };
  }
  // Of a lineage of its own, beside that of the login.
  const more = requested === 'refresh_token' ? { refreshToken: identity.sessions.issue(granted.session, client, granted.scopes) } : {};
  const answer = await tokenAnswer(identity, { granted, hasIdToken, ...more });
  return { ...answer, issued_token_type: `urn:ietf:params:oauth:token-type:${requested}` };
};

export const grants: ReadonlyMap<string, Grant> = new Map([
  ['password', passwordGrant],
  ['refresh_token', refreshGrant],
  ['client_credentials', clientCredentialsGrant],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceGrant],
  ['urn:ietf:params:oauth:grant-type:token-exchange', exchangeGrant],
]);

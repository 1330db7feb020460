/**
 * Writes the realm files that Keycloak imports at its start: `node realms.mjs FOLDER`.
 * Two realms that differ in one thing: in `hac` a refresh token is good once, in `hac-norotate` (Keycloak's default) for as long as the session.
 * A `${NAME:default}` inside a value is filled in by Keycloak from its environment.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node realms.mjs FOLDER');
  process.exit(1);
}

const inAccessToken = { 'access.token.claim': 'true', 'introspection.token.claim': 'true' };
const everywhere = { ...inAccessToken, 'id.token.claim': 'true', 'userinfo.token.claim': 'true' };
const onlyInAccessToken = { ...inAccessToken, 'id.token.claim': 'false', 'userinfo.token.claim': 'false' };

const mapper = (name, kind, config) => ({ name, protocol: 'openid-connect', protocolMapper: kind, config });
const attribute = (claim, of = claim) =>
  mapper(claim, 'oidc-usermodel-attribute-mapper', {
    ...everywhere,
    'user.attribute': of,
    'claim.name': claim,
    'jsonType.label': 'String',
  });
const realmRoles = (name, where, claim) =>
  mapper(name, 'oidc-usermodel-realm-role-mapper', { ...where, 'claim.name': claim, 'jsonType.label': 'String', multivalued: 'true' });
const audience = (client) => mapper('aud', 'oidc-audience-mapper', { ...inAccessToken, 'included.client.audience': client });
const padding = (index) =>
  mapper(`pad${index}`, 'oidc-hardcoded-claim-mapper', {
    ...onlyInAccessToken,
    'claim.name': `pad${index}`,
    'claim.value': String(index).repeat(3000),
    'jsonType.label': 'String',
  });
/** @param isNamed whether the scope stands in the `scope` of a token */
const scope = (name, isNamed, mappers = []) => ({
  name,
  protocol: 'openid-connect',
  attributes: { 'include.in.token.scope': String(isNamed), 'display.on.consent.screen': 'false' },
  protocolMappers: mappers,
});

/** As Keycloak has them built in: roles are in the access token only. */
const builtInScopes = [
  scope('basic', false, [
    mapper('sub', 'oidc-sub-mapper', onlyInAccessToken),
    mapper('auth_time', 'oidc-usersessionmodel-note-mapper', {
      ...everywhere,
      'userinfo.token.claim': 'false',
      'user.session.note': 'AUTH_TIME',
      'claim.name': 'auth_time',
      'jsonType.label': 'long',
    }),
  ]),
  scope('acr', false, [mapper('acr', 'oidc-acr-mapper', { ...inAccessToken, 'id.token.claim': 'true' })]),
  scope('profile', true, [
    attribute('preferred_username', 'username'),
    attribute('given_name', 'firstName'),
    attribute('family_name', 'lastName'),
    mapper('name', 'oidc-full-name-mapper', everywhere),
  ]),
  scope('email', true, [attribute('email')]),
  scope('roles', false, [
    realmRoles('realm roles', onlyInAccessToken, 'realm_access.roles'),
    mapper('audience resolve', 'oidc-audience-resolve-mapper', inAccessToken),
  ]),
  scope('offline_access', true),
];
const cloudScopes = [scope('ai.h2o.storage', true), scope('ai.h2o.deploy', true)];
const labScopes = [
  scope('lab.aud.mlops', true, [audience('mlops')]),
  scope('lab.aud.steam', true, [audience('steam')]),
  scope('lab.roles', true, [realmRoles('roles', everywhere, 'roles')]),
  // 12 kB of claims, which make an access token of 17 kB.
  scope('lab.big', true, [0, 1, 2, 3].map(padding)),
];
/** In the realm, and assigned to no client. */
const unassigned = scope('lab.unassigned', true);

const names = (scopes) => scopes.map(({ name }) => name);
const defaults = names(builtInScopes).filter((name) => name !== 'offline_access');
const optional = [...names(cloudScopes), 'offline_access', ...names(labScopes)];

const exchange = { 'standard.token.exchange.enabled': 'true' };
const signOutAnywhere = { 'post.logout.redirect.uris': '+' };
const browser = {
  standardFlowEnabled: true,
  directAccessGrantsEnabled: true,
  redirectUris: ['http://localhost:*', 'http://127.0.0.1:*'],
  webOrigins: ['+'],
};
const client = (clientId, facts) => ({
  clientId,
  protocol: 'openid-connect',
  enabled: true,
  publicClient: false,
  clientAuthenticatorType: 'client-secret',
  secret: `${clientId}-secret`,
  standardFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  fullScopeAllowed: true,
  defaultClientScopes: defaults,
  optionalClientScopes: optional,
  ...facts,
});
const app = (clientId, attributes, facts = {}) =>
  client(clientId, { ...browser, attributes: { ...signOutAnywhere, ...attributes }, ...facts });

const clients = [
  app('wave-app', exchange),
  // The scopes of the cloud by default, as administrators are asked to set them.
  app('wave-app-default-scopes', exchange, {
    defaultClientScopes: [...defaults, ...names(cloudScopes)],
    optionalClientScopes: ['offline_access', ...names(labScopes)],
  }),
  // Its exchange may also ask for a refresh token.
  app('wave-app-xrt', { ...exchange, 'standard.token.exchange.enableRefreshRequestedTokenType': 'SAME_SESSION' }),
  app('wave-app-noxchg', {}),
  app('wave-app-five-seconds', { ...exchange, 'access.token.lifespan': '5' }),
  // Its session ends after twelve seconds, whatever it does.
  app('wave-app-short-session', { ...exchange, 'client.session.max.lifespan': '12' }),
  // The characters that have to be encoded before they go into a Basic header.
  app('wave-app-odd-secret', exchange, { secret: 'p%41ss:w/rd+plus & zoë-новак', serviceAccountsEnabled: true }),
  // Proves itself with a key of its own, which a test registers; and a client for its own sake, without a user.
  app('wave-app-key', exchange, { clientAuthenticatorType: 'client-jwt', serviceAccountsEnabled: true }),
  app('wave-app-switched-off', exchange, { enabled: false }),
  client('robot', { serviceAccountsEnabled: true, attributes: {} }),
  client('hac-platform-public', {
    ...browser,
    publicClient: true,
    secret: undefined,
    // Also with the switch on a public client may not exchange.
    attributes: {
      ...signOutAnywhere,
      ...exchange,
      'oauth2.device.authorization.grant.enabled': 'true',
      'oauth2.device.polling.interval': '1',
    },
  }),
  // Services that tokens are for. `mlops` may exchange those that name it.
  client('mlops', { attributes: exchange, optionalClientScopes: [...names(cloudScopes), 'lab.aud.steam'] }),
  client('steam', { attributes: {}, optionalClientScopes: names(cloudScopes) }),
];

const user = (username, roles, { mail = username, password = username, isEnabled = true } = {}) => ({
  username,
  enabled: isEnabled,
  email: `${mail}@example.test`,
  emailVerified: true,
  firstName: username,
  lastName: 'Lab',
  credentials: [{ type: 'password', value: password, temporary: false }],
  // Without this role nobody gets an offline token.
  realmRoles: ['offline_access', ...roles],
});
const users = [
  user('alice', ['user']),
  user('bob', ['admin', 'user']),
  user('carol', ['visitor']),
  user('dave', ['user'], { isEnabled: false }),
  user('zoë', ['user'], { mail: 'zoe', password: 'zoe' }),
  user('новак-山田', ['user'], { mail: 'novak', password: 'novak' }),
];

const realm = (name, isStrict) => ({
  realm: name,
  enabled: true,
  sslRequired: 'none',
  accessTokenLifespan: '${LAB_ACCESS_TOKEN_SECONDS:300}',
  ssoSessionIdleTimeout: '${LAB_SESSION_IDLE_SECONDS:1800}',
  ssoSessionMaxLifespan: '${LAB_SESSION_SECONDS:36000}',
  oauth2DevicePollingInterval: 1,
  revokeRefreshToken: isStrict,
  refreshTokenMaxReuse: 0,
  bruteForceProtected: false,
  roles: { realm: ['admin', 'user', 'visitor', 'offline_access', 'uma_authorization'].map((role) => ({ name: role })) },
  // None, or the sign-in of a user without a Latin name stops at a form that asks for one.
  requiredActions: [],
  clientScopes: [...builtInScopes, ...cloudScopes, ...labScopes, unassigned],
  defaultDefaultClientScopes: defaults,
  defaultOptionalClientScopes: ['offline_access'],
  clients,
  users,
});

mkdirSync(folder, { recursive: true });
for (const [name, isStrict] of [
  ['hac', true],
  ['hac-norotate', false],
]) {
  writeFileSync(join(folder, `${name}-realm.json`), `${JSON.stringify(realm(name, isStrict), null, 1)}\n`);
}

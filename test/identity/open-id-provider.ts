/**
 * An identity provider that is not ours: oidc-provider with a few clients, users who sign in without a browser, and token calls counted
 * before it sees them. It rotates refresh tokens and its access tokens are opaque, unlike Keycloak's.
 */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import Provider, { errors, type TokenContext } from 'oidc-provider';

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

export interface OpenIdProviderOptions {
  readonly clients: readonly Readonly<Record<string, unknown>>[];
  /** Default true. */
  readonly rotates?: boolean;
  /** Serves https, and knows clients by their certificates. */
  readonly tls?: ServerOptions;
  readonly revocation?: boolean;
  /** How far the clock of a client may be from its own, in seconds. Default 0. */
  readonly toleranceSeconds?: number;
}

interface TokenCall {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly tokenCalls: readonly TokenCall[];
  /** A new session's refresh token. */
  readonly signIn: (clientId: string, scope?: string, subject?: string) => Promise<string>;
  /** The subject of an access token, as the provider itself says; undefined for one that it does not take. */
  readonly subjectOf: (accessToken: string) => Promise<string | undefined>;
}

const scopes = ['openid', 'email', 'offline_access', 'ai.h2o.storage', 'ai.h2o.deploy'];

export async function startOpenIdProvider(options: OpenIdProviderOptions): Promise<OpenIdProvider> {
  const { tls, rotates = true, revocation = true, toleranceSeconds = 0 } = options;
  let serve: RequestListener = (_, response) => void response.writeHead(503).end();
  const listener: RequestListener = (request, response) => {
    serve(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The provider has no port.');
  const issuer = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`;

  const provider = new Provider(issuer, {
    clients: options.clients.map((client) => ({ redirect_uris: [], response_types: [], ...client })),
    scopes,
    rotateRefreshToken: rotates,
    clockTolerance: toleranceSeconds,
    findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
      ...(tls === undefined ? [] : ['tls_client_auth']),
    ],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] },
    ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 3600, Grant: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: revocation },
      resourceIndicators: { enabled: false },
      ...(tls === undefined ? {} : { mTLS: mutualTls }),
    },
    // Its default secrets and keys are for trying it out, which is what is done here.
    cookies: { keys: ['test'] },
  });
  provider.registerGrantType(tokenExchange, (context) => exchange(provider, context), exchangeParameters, ['audience']);

  const tokenCalls: TokenCall[] = [];
  const callback = provider.callback();
  serve = (request, response) => {
    if (request.method === 'POST') void noteCall(request, tokenCalls);
    callback(request, response);
  };

  return {
    issuer,
    tokenCalls,
    signIn: async (clientId, scope = 'openid offline_access ai.h2o.storage', subject = 'alice') => {
      const client = await provider.Client.find(clientId);
      const grant = new provider.Grant({ accountId: subject, clientId });
      grant.addOIDCScope(scope);
      const grantId = await grant.save(3600);
      const facts = { client, accountId: subject, grantId, scope, gty: 'authorization_code', authTime: 1, claims: {} };
      return new provider.RefreshToken(facts).save(3600);
    },
    subjectOf: async (accessToken) => (await provider.AccessToken.find(accessToken))?.accountId,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function noteCall(request: IncomingMessage, calls: TokenCall[]): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => request.once('end', resolve));
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  calls.push({ path: request.url ?? '', authorization: request.headers.authorization, form });
}

const socketOf = ({ req }: { readonly req: IncomingMessage }): TLSSocket => {
  if (req.socket instanceof TLSSocket) return req.socket;
  throw new Error('This is no TLS connection.');
};

const mutualTls = {
  enabled: true,
  tlsClientAuth: true,
  getCertificate: (context: TokenContext) => socketOf(context).getPeerX509Certificate()?.toString(),
  certificateAuthorized: (context: TokenContext) => socketOf(context).authorized,
  certificateSubjectMatches: (context: TokenContext, _: string, expected: string) =>
    socketOf(context).getPeerX509Certificate()?.subject === expected,
};

const exchangeParameters = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope'];

/** RFC 8693 for access tokens, which oidc-provider leaves to its users. */
async function exchange(provider: Provider, context: TokenContext): Promise<void> {
  const { client, params } = context.oidc;
  const subject = await provider.AccessToken.find(String(params['subject_token']));
  if (subject?.isValid !== true) throw new errors.InvalidRequest('subject_token is invalid');
  if (String(params['audience'] ?? '').includes('unknown')) throw new errors.InvalidTarget('no such audience');
  const scope = String(params['scope'] ?? '');
  const unknown = scope.split(' ').filter((name) => !scopes.includes(name));
  if (unknown.length > 0) throw new errors.InvalidScope('requested scope is invalid', unknown.join(' '));
  const { accountId, grantId } = subject;
  const token = new provider.AccessToken({ client, accountId, grantId, scope, gty: tokenExchange });
  context.status = 200;
  context.body = {
    access_token: await token.save(300),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 300,
    scope,
  };
}

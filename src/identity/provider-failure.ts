/**
 * What an identity provider's failure means, as an error of ours. Pure: from what happened on the wire to a class, a code and a text.
 * Nothing of another library's error gets in, since those hold requests and bodies.
 */
import { AuthenticationError, ScopeNotGrantedError, SignInRequiredError, TokenExchangeError } from '../errors/authentication-error.js';
import type { H2OCloudError } from '../errors/base.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../errors/connection-error.js';
import type { NetworkFailure } from '../http/network-failure.js';
import { redact } from '../internal/redact.js';
import type { JsonObject, WireOutcome } from './guarded-fetch.js';
import { ownMember } from './jwt-claims.js';
import { isSameIssuer } from './provider-addresses.js';
import { scopeFix } from './requirements.js';
import { refusedRefreshToken } from './sign-in-required.js';

/** What was asked of whom. */
export interface ProviderCall {
  /** The origin of the provider: its path and query may say more than a log should hold. */
  readonly origin: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Values that must not show, whatever text they stand in. */
  readonly secrets: readonly string[];
  readonly signInHint?: string | undefined;
  /** The issuer as it is configured; absent where only an endpoint is. */
  readonly issuer?: string | undefined;
  /** Who issued the token that was sent, if it says so. */
  readonly tokenIssuer?: string | undefined;
  /** The provider's metadata were asked for, not a token. */
  readonly isDiscovery?: boolean;
  /** An access token was to be exchanged, not a refresh token spent. */
  readonly isExchange?: boolean;
}

type Answer = Extract<WireOutcome, { kind: 'answer' }>;

const longestDescription = 200;

export function providerError(outcome: WireOutcome | undefined, call: ProviderCall): H2OCloudError {
  switch (outcome?.kind) {
    case undefined:
      return failed(
        `The request to the identity provider at ${call.origin} could not be made.`,
        'Check the client id and the client secret.',
      );
    case 'refused':
      return outcome.error;
    case 'timeout':
      return new TimeoutError({
        code: 'TIMEOUT',
        what: `The identity provider at ${call.origin} gave no complete answer in time.`,
        fix: 'Try again later, or check that the address of the identity provider is right.',
        retryable: true,
      });
    case 'tooLarge':
      return invalidAnswer(call.origin, 'is larger than any such answer');
    case 'network':
      return networkError(outcome.failure, call.origin);
    case 'answer':
      return refusalError(outcome, call);
  }
}

/** An answer that came and cannot be used. `problem` continues "the answer …" and quotes nothing of it. */
export function invalidAnswer(origin: string, problem: string): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The answer of the identity provider at ${origin} ${problem}.`,
    fix: 'Check that the address is that of the identity provider, and that no proxy answers in its place.',
  });
}

function networkError(failure: NetworkFailure, origin: string): ConnectionError {
  const because = failure.code === undefined ? '' : ` (${failure.code})`;
  if (failure.kind === 'tls') {
    return new ConnectionError({
      code: 'TLS_FAILED',
      what: `The TLS certificate of the identity provider at ${origin} was refused${because}.`,
      fix: 'For a private certificate authority start Node with NODE_EXTRA_CA_CERTS=/path/ca.pem, or pass the option `fetch` with an agent that knows it.',
    });
  }
  if (failure.kind === 'redirect') return redirectError(origin);
  return new ConnectionError({
    code: 'CONNECTION_FAILED',
    what: `No complete answer from the identity provider at ${origin}${because}.`,
    fix: 'Check that it is reachable from here; behind a proxy pass the option `fetch`.',
    retryable: true,
  });
}

function redirectError(origin: string): ConnectionError {
  return new ConnectionError({
    code: 'UNEXPECTED_REDIRECT',
    what: `The identity provider at ${origin} answered with a redirect, which is not followed with a token.`,
    fix: 'Set `oidc.issuer` or `oidc.tokenEndpoint` to the address that it leads to, if that is the identity provider.',
  });
}

function refusalError(answer: Answer, call: ProviderCall): H2OCloudError {
  const { status } = answer;
  const safe = (text: string): string => bounded(redact(text, call.secrets));
  if (status >= 300 && status < 400) return redirectError(call.origin);
  if (status === 429 || status >= 500) return unavailable(status, call.origin);
  if (call.isDiscovery === true && status >= 400) return noMetadata(status, call.origin);
  if (status < 300) return invalidAnswer(call.origin, answer.json === undefined ? 'is not JSON' : 'is not what the standard says');
  const code = textMember(answer.json, 'error') ?? challengeError(answer.challenge);
  if (code === undefined) return answer.challenge !== undefined ? wrongClient(call, `status ${status}`) : unavailable(status, call.origin);
  const description = textMember(answer.json, 'error_description') ?? '';
  const shown = safe(description === '' ? code : `${code}: ${description}`);
  const stranger = isAboutToken(code, description, call) ? strangersToken(call, shown) : undefined;
  if (stranger !== undefined) return stranger;
  const refusedExchange = call.isExchange === true ? exchangeError(code, description, shown, call) : undefined;
  if (refusedExchange !== undefined) return refusedExchange;
  switch (code) {
    case 'invalid_grant':
      return refusedRefreshToken(description, shown, call.signInHint);
    case 'invalid_client':
    case 'unauthorized_client':
      return wrongClient(call, shown);
    case 'invalid_scope':
      return unknownScope(call);
    default:
      return failed(
        `The identity provider at ${call.origin} refused the request (status ${status}, ${shown}).`,
        'Check the issuer, the client id and the grants that the client may use.',
      );
  }
}

/** Keycloak's words for what is wrong with a subject token; every other refusal is about the client or what it asked for. */
const overSubject = /^invalid token$|subject.?token/i;

function isAboutToken(code: string, description: string, call: ProviderCall): boolean {
  return code === 'invalid_grant' || (call.isExchange === true && code === 'invalid_request' && overSubject.test(description));
}

/** A token that went to another issuer than its own is refused in words that say nothing of that. */
function strangersToken({ issuer, tokenIssuer }: ProviderCall, shown: string): SignInRequiredError | undefined {
  if (issuer === undefined || tokenIssuer === undefined || !URL.canParse(tokenIssuer) || isSameIssuer(tokenIssuer, issuer))
    return undefined;
  const { origin, pathname } = new URL(tokenIssuer);
  return new SignInRequiredError({
    code: 'SESSION_EXPIRED',
    what: `The identity provider ${issuer} refused the token, which was issued by ${bounded(redact(origin + pathname))} (${shown}).`,
    fix: 'Set `oidc.issuer` to the issuer of the token, or sign in there; `localhost` and `127.0.0.1` are two issuers.',
  });
}

function exchangeError(code: string, description: string, shown: string, call: ProviderCall): H2OCloudError | undefined {
  if (isAboutToken(code, description, call)) {
    return new SignInRequiredError({
      code: 'SESSION_EXPIRED',
      what: `The identity provider did not exchange the access token: it has expired, was revoked, or is none of this provider (${shown}).`,
      fix: 'Sign in again; where the program keeps a session, take its newest access token.',
    });
  }
  const isClient = code === 'unauthorized_client' || (code === 'invalid_client' && !/exchange|audience/i.test(description));
  const isRealm = code === 'access_denied' && /realm/i.test(description);
  if (isClient || isRealm || code === 'invalid_scope') return undefined;
  return new TokenExchangeError({
    code: 'EXCHANGE_NOT_ALLOWED',
    what: `The identity provider at ${call.origin} does not exchange the token for the client "${redact(call.clientId)}" (${shown}).`,
    fix: 'Ask an administrator to switch token exchange on for the client; the token must be its own, or name it as audience.',
    providerMessage: shown,
  });
}

/** The provider does not say which scope it means, so all that were asked count as missing. */
function unknownScope({ origin, clientId, scopes }: ProviderCall): ScopeNotGrantedError {
  const what = `The identity provider at ${origin} does not give this client all of the scopes ${redact(scopes.join(' '))}.`;
  return new ScopeNotGrantedError({ what, fix: scopeFix(clientId), missing: scopes, granted: [] });
}

function wrongClient(call: ProviderCall, shown: string): AuthenticationError {
  return new AuthenticationError({
    code: 'CLIENT_AUTH',
    what: `The identity provider at ${call.origin} does not accept the client "${redact(call.clientId)}" (${shown}).`,
    fix: 'Check `oidc.clientId` and `oidc.clientSecret`: whether the secret is right, whether the client needs one, and whether it may use this grant.',
  });
}

function noMetadata(status: number, origin: string): ConfigurationError {
  return new ConfigurationError({
    code: 'DISCOVERY_FAILED',
    what: `There is no OpenID configuration of the issuer at ${origin} (status ${status}).`,
    fix: 'Check `oidc.issuer`, also its path: Keycloak has `/realms/<realm>`, older ones `/auth/realms/<realm>`.',
  });
}

function unavailable(status: number, origin: string): AuthenticationError {
  return new AuthenticationError({
    code: 'IDENTITY_PROVIDER_FAILED',
    what: `The identity provider at ${origin} answered with status ${status}.`,
    fix: 'Try again later; if it goes on, check the address of the identity provider.',
    retryable: true,
  });
}

function failed(what: string, fix: string): AuthenticationError {
  return new AuthenticationError({ code: 'CREDENTIAL_FAILED', what, fix });
}

function textMember(json: JsonObject | undefined, name: string): string | undefined {
  const value = json === undefined ? undefined : ownMember(json, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function challengeError(challenge: string | undefined): string | undefined {
  return /\berror="?(\w{1,60})/i.exec(challenge ?? '')?.[1];
}

function bounded(text: string): string {
  return text.length > longestDescription ? `${text.slice(0, longestDescription)}…` : text;
}

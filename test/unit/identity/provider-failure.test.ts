import { describe, expect, it, test } from 'vitest';
import { ScopeNotGrantedError, SignInRequiredError } from '../../../src/errors/authentication-error.js';
import type { H2OCloudError } from '../../../src/errors/base.js';
import type { WireOutcome } from '../../../src/identity/guarded-fetch.js';
import { providerError, type ProviderCall } from '../../../src/identity/provider-failure.js';
import { signInHintOf } from '../../../src/identity/sign-in-required.js';

const call: ProviderCall = {
  origin: 'https://idp.example',
  clientId: 'sdk',
  scopes: ['openid', 'ai.h2o.deploy'],
  secrets: ['planted-refresh-token'],
  signInHint: signInHintOf('https://cloud.example/'),
};

interface Answered {
  readonly error?: unknown;
  readonly description?: unknown;
  readonly challenge?: string;
  readonly isDiscovery?: boolean;
}

function errorFor(status: number, { error, description, challenge, isDiscovery }: Answered = {}): H2OCloudError {
  const json = error === undefined ? undefined : { error, error_description: description };
  const outcome: WireOutcome = { kind: 'answer', status, json, challenge, retryAfter: undefined };
  return providerError(outcome, { ...call, ...(isDiscovery === undefined ? {} : { isDiscovery }) });
}

describe('case 63: a refused refresh token says why, and that only a new sign-in helps', () => {
  test.each([
    ['Maximum allowed refresh token reuse exceeded', 'REUSE_DETECTED'],
    ['Stale token', 'REUSE_DETECTED'],
    ["Session doesn't have required client", 'SESSION_ENDED'],
    ['Session not active', 'SESSION_ENDED'],
    ['Offline user session not found', 'SESSION_ENDED'],
    ['User disabled', 'USER_DISABLED'],
    ['Account disabled', 'USER_DISABLED'],
    ['Token is not active', 'SESSION_EXPIRED'],
    ['Invalid refresh token', 'SESSION_EXPIRED'],
    ["Invalid refresh token. Token client and authorized client don't match", 'SESSION_EXPIRED'],
    ['something that another provider says', 'SESSION_EXPIRED'],
    ['', 'SESSION_EXPIRED'],
  ])('%s', (description, code) => {
    const error = errorFor(400, { error: 'invalid_grant', description });
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.message).toContain(description);
  });

  it('names where a new one is to be had', () => {
    const { message } = errorFor(400, { error: 'invalid_grant', description: 'Session not active' });
    expect(message).toContain('https://cloud.example/auth/get-token');
    expect(message).toContain('https://cloud.example/auth/get-platform-token');
  });

  it('sends the user of a disabled account to an administrator', () => {
    expect(errorFor(400, { error: 'invalid_grant', description: 'User disabled' }).message).toContain('administrator');
  });
});

describe('case 117: a refused token that is of another issuer', () => {
  const local = { issuer: 'http://127.0.0.1:8180/realms/hac', tokenIssuer: 'http://localhost:8180/realms/hac' };
  const json = (error: string, description: string): WireOutcome => ({
    kind: 'answer',
    status: 400,
    json: { error, error_description: description },
    challenge: undefined,
    retryAfter: undefined,
  });

  test.each<[string, WireOutcome, boolean]>([
    ['spent', json('invalid_grant', 'Invalid refresh token'), false],
    ['exchanged', json('invalid_request', 'Invalid token'), true],
  ])('names both: %s', (_, outcome, isExchange) => {
    const error = providerError(outcome, { ...call, ...local, isExchange });
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error.message).toContain(local.issuer);
    expect(error.message).toContain(local.tokenIssuer);
    expect(error.message).toContain('`localhost` and `127.0.0.1` are two issuers');
  });

  test.each<[string, Partial<ProviderCall>]>([
    ['the same', { ...local, tokenIssuer: `${local.issuer}/` }],
    ['unknown', { ...local, tokenIssuer: undefined }],
    ['nothing that could be one', { ...local, tokenIssuer: 'planted issuer' }],
    ['not to be compared', { tokenIssuer: local.tokenIssuer }],
  ])('is not spoken of when it is %s', (_, facts) => {
    const error = providerError(json('invalid_grant', 'Invalid refresh token'), { ...call, ...facts });
    expect(error).toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(error.message).not.toMatch(/two issuers|planted/);
  });
});

describe('case 66: a refused client has one code', () => {
  test.each<[string, number, Answered]>([
    ['wrong secret', 401, { error: 'unauthorized_client', description: 'Invalid client or Invalid client credentials' }],
    ['unknown client', 401, { error: 'invalid_client', description: 'Invalid client or Invalid client credentials' }],
    ['the same as 400', 400, { error: 'unauthorized_client', description: 'Unexpected error when authenticating client' }],
    ['only a challenge', 401, { challenge: 'Basic realm="idp"' }],
    ['a challenge with its error', 401, { challenge: 'Basic realm="idp", error="invalid_client"' }],
  ])('%s', (_, status, answer) => {
    expect(errorFor(status, answer)).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH', retryable: false });
  });
});

describe('other refusals', () => {
  it('case 65: a scope that the client does not have is a scope not granted', () => {
    const error = errorFor(400, { error: 'invalid_scope', description: 'Invalid scopes: openid ai.h2o.deploy' });
    expect(error).toBeInstanceOf(ScopeNotGrantedError);
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['openid', 'ai.h2o.deploy'] });
    expect(error.message).toContain('default scopes of the client "sdk"');
  });

  test.each<[string, number, Answered, string, string, boolean]>([
    [
      'another OAuth error',
      400,
      { error: 'invalid_request', description: 'No refresh token' },
      'AuthenticationError',
      'CREDENTIAL_FAILED',
      false,
    ],
    ['a realm that does not exist', 404, { error: 'Realm does not exist' }, 'AuthenticationError', 'CREDENTIAL_FAILED', false],
    ['an HTML 404', 404, {}, 'AuthenticationError', 'IDENTITY_PROVIDER_FAILED', true],
    ['429', 429, { error: 'slow_down' }, 'AuthenticationError', 'IDENTITY_PROVIDER_FAILED', true],
    ['case 72: an HTML 502', 502, {}, 'AuthenticationError', 'IDENTITY_PROVIDER_FAILED', true],
    ['a 500 that calls itself invalid_grant', 500, { error: 'invalid_grant' }, 'AuthenticationError', 'IDENTITY_PROVIDER_FAILED', true],
    ['a redirect', 302, {}, 'ConnectionError', 'UNEXPECTED_REDIRECT', false],
    ['200 without JSON', 200, {}, 'ResponseValidationError', 'RESPONSE_INVALID', false],
    ['201', 201, { error: 'x' }, 'ResponseValidationError', 'RESPONSE_INVALID', false],
    ['no metadata there', 404, { isDiscovery: true }, 'ConfigurationError', 'DISCOVERY_FAILED', false],
    ['metadata not now', 503, { isDiscovery: true }, 'AuthenticationError', 'IDENTITY_PROVIDER_FAILED', true],
  ])('%s', (_, status, answer, name, code, retryable) => {
    expect(errorFor(status, answer)).toMatchObject({ name, code, retryable });
  });

  test.each<[string, WireOutcome, string, string, RegExp]>([
    [
      'refused',
      { kind: 'network', failure: { kind: 'network', code: 'ECONNREFUSED' } },
      'ConnectionError',
      'CONNECTION_FAILED',
      /ECONNREFUSED/,
    ],
    [
      'case 74: an unknown authority',
      { kind: 'network', failure: { kind: 'tls', code: 'SELF_SIGNED_CERT_IN_CHAIN' } },
      'ConnectionError',
      'TLS_FAILED',
      /NODE_EXTRA_CA_CERTS.*`fetch`/,
    ],
    ['too late', { kind: 'timeout' }, 'TimeoutError', 'TIMEOUT', /in time/],
    ['too large', { kind: 'tooLarge' }, 'ResponseValidationError', 'RESPONSE_INVALID', /larger/],
  ])('%s', (_, outcome, name, code, message) => {
    const error = providerError(outcome, call);
    expect(error).toMatchObject({ name, code });
    expect(error.message).toMatch(message);
    expect(error.message).toContain('https://idp.example');
    expect(error.cause).toBeUndefined();
  });
});

describe('case 81: what a provider says is shown in part, and only after it was cleaned', () => {
  test.each<[string, Answered]>([
    ['an endless error', { error: 'x y '.repeat(2_500) }],
    ['an endless description', { error: 'invalid_request', description: 'word '.repeat(2_500) }],
    ['control characters, ANSI and line breaks', { error: 'invalid_request', description: '\u001b[31mred\u001b[0m\nnext\u0000\u2028line' }],
    ['an error with such', { error: 'invalid\u001b[2J\r\nrequest' }],
    ['a token that we sent', { error: 'invalid_request', description: 'no such token planted-refresh-token' }],
    ['a JWT', { error: 'invalid_request', description: 'bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl' }],
    ['members that are not text', { error: { toString: 'x' }, description: ['x'] }],
  ])('%s', (_, answer) => {
    const { message } = errorFor(400, answer);
    const said = message.split('\n')[0] ?? '';
    expect(said.length).toBeLessThan(400);
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]|planted|eyJ/);
    expect(message.split('\n')).toHaveLength(3);
  });

  it('case 80: members of a prototype count as absent', () => {
    const json: unknown = JSON.parse('{"__proto__":{"error":"invalid_grant"},"constructor":{"polluted":1}}');
    const outcome: WireOutcome = {
      kind: 'answer',
      status: 400,
      json: Object.assign({}, json),
      challenge: undefined,
      retryAfter: undefined,
    };
    expect(providerError(outcome, call).code).toBe('IDENTITY_PROVIDER_FAILED');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

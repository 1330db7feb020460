import { expect, test } from 'vitest';
import { providerError } from '../../../src/identity/provider-failure.js';

const call = {
  origin: 'https://idp.example',
  clientId: 'app',
  scopes: ['openid', 'ai.h2o.deploy'],
  secrets: ['planted-subject-token'],
  isExchange: true,
};

test.each([
  [400, 'invalid_request', 'Invalid token', 'SESSION_EXPIRED'],
  [400, 'invalid_request', "Parameter 'subject_token' supports access tokens only", 'SESSION_EXPIRED'],
  [403, 'access_denied', 'Client is not within the token audience', 'EXCHANGE_NOT_ALLOWED'],
  [403, 'access_denied', 'Realm not enabled', 'CREDENTIAL_FAILED'],
  [400, 'invalid_request', 'Requested audience not available: mlops', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'invalid_client', 'Audience not found', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'invalid_request', 'Standard token exchange is not enabled for the requested client', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'invalid_client', 'Public client is not allowed to exchange token', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'unsupported_grant_type', 'Unsupported grant_type', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'invalid_request', 'requested_token_type unsupported', 'EXCHANGE_NOT_ALLOWED'],
  [400, 'invalid_scope', 'Invalid scopes: openid no.such', 'SCOPE_NOT_GRANTED'],
  [401, 'unauthorized_client', 'Invalid client or Invalid client credentials', 'CLIENT_AUTH'],
  [401, 'invalid_client', 'Invalid client or Invalid client credentials', 'CLIENT_AUTH'],
  [503, 'temporarily_unavailable', '', 'IDENTITY_PROVIDER_FAILED'],
])('case 67: an exchange refused with %d %s "%s" is %s', (status, error, description, code) => {
  const json = { error, error_description: `${description} planted-subject-token` };
  const exact = { error, error_description: description };
  expect(providerError({ kind: 'answer', status, json: exact, challenge: undefined, retryAfter: undefined }, call).code).toBe(code);
  expect(String(providerError({ kind: 'answer', status, json, challenge: undefined, retryAfter: undefined }, call))).not.toContain(
    'planted',
  );
});

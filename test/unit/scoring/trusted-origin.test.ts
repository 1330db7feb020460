import { expect, test } from 'vitest';
import { checkScorerOrigin, isTrusted, type ScorerTrust } from '../../../src/scoring/trusted-origin.js';

const cloud: ScorerTrust = {
  cloudUrl: 'https://cloud.example.com',
  gatewayUrl: 'https://mlops.cloud.example.com/api',
  trustedOrigins: [],
  allowInsecure: false,
};

test.each<[string, ScorerTrust, boolean]>([
  ['https://cloud.example.com/x', cloud, true],
  ['https://model.cloud.example.com/x', cloud, true],
  ['https://a.b.cloud.example.com/x', cloud, true],
  ['https://evil-cloud.example.com/x', cloud, false],
  ['https://cloud.example.com.evil.example/x', cloud, false],
  ['https://example.com/x', cloud, false],
  ['http://model.cloud.example.com/x', cloud, false],
  ['http://model.cloud.example.com/x', { ...cloud, allowInsecure: true }, true],
  ['https://user@model.cloud.example.com/x', cloud, false],
  ['https://other.example/x', { ...cloud, trustedOrigins: ['https://other.example'] }, true],
  ['https://other.example:8443/x', { ...cloud, trustedOrigins: ['https://other.example'] }, false],
  ['https://model.example.com/x', { ...cloud, cloudUrl: undefined, gatewayUrl: 'https://mlops.example.com' }, true],
  ['https://evil.co.uk/x', { ...cloud, cloudUrl: undefined, gatewayUrl: 'https://mlops.co.uk' }, false],
  ['https://evil.com/x', { ...cloud, cloudUrl: undefined, gatewayUrl: 'https://mlops.com' }, false],
  ['http://127.0.0.1:8080/x', { ...cloud, cloudUrl: 'http://127.0.0.1:8080' }, true],
  ['http://127.0.0.1:9090/x', { ...cloud, cloudUrl: 'http://127.0.0.1:8080' }, false],
  ['http://127.0.0.1:8080/x', cloud, false],
  ['https://10.0.0.2/x', { ...cloud, cloudUrl: undefined, gatewayUrl: 'https://10.0.0.1' }, false],
  ['file:///etc/passwd', cloud, false],
])('%s with %j: %s', (url, trust, expected) => {
  expect(isTrusted(new URL(url), trust)).toBe(expected);
});

test('the refusal names the origin and the option, and nothing else of the address', () => {
  const check = (): void => {
    checkScorerOrigin('https://evil.example/secret-path?token=abc', cloud);
  };
  expect(check).toThrow(/https:\/\/evil\.example'?\]/);
  expect(check).toThrow(/trustedScorerOrigins/);
  expect(check).not.toThrow(/secret-path/);
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { redact, redactTokens } from '../../../src/internal/redact.js';

test.each([
  ['the token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is bad', 'the token [redacted] is bad'],
  ['Authorization: Bearer abc.def', 'Authorization: [redacted] [redacted]'],
  ['sent Bearer abc-def', 'sent Bearer [redacted]'],
  ['client_secret=hunter2&x=1', 'client_secret=[redacted]&x=1'],
  ['{"refresh_token": "abc"}', '{"refresh_token": [redacted]}'],
  ['https://user:pass@host/x', 'https://[redacted]@host/x'],
  ['key h2oai_mlops_kJ8xyz', 'key [redacted]'],
  ['hash $2b$12$abcdefghijklmnopqrstuv', 'hash [redacted]'],
  ['two\nlines\u0007 and \u001b[31mred', 'two lines  and  [31mred'],
  ['deployment 2f7d4d1e-8c5a-4d6b-9b5c-3a1f5e7d9c11 is gone', 'deployment 2f7d4d1e-8c5a-4d6b-9b5c-3a1f5e7d9c11 is gone'],
  [
    'workspaces/3c7f0a77-0670-41a9-8787-56ee48d135a2/deployments/f5b127da-d6b8-498d-afc3-0d1db019a938 is gone',
    'workspaces/3c7f0a77-0670-41a9-8787-56ee48d135a2/deployments/f5b127da-d6b8-498d-afc3-0d1db019a938 is gone',
  ],
  ['/ai.h2o.storage.ProjectService/CreateProject failed', '/ai.h2o.storage.ProjectService/CreateProject failed'],
])('%j reads %j', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

describe('redaction', () => {
  it('replaces known secrets of any form, wherever they stand', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 60 }), fc.string(), fc.string(), (secret, before, after) => {
        const shown = redact(`${before}${secret}${after}`, [secret]);
        expect(shown.includes(secret) && !'[redacted]…'.includes(secret) && !`${before}${after}`.includes(secret.slice(1))).toBe(false);
      }),
    );
  });

  it('bounds what it shows', () => {
    expect(redact('x y '.repeat(100_000)).length).toBeLessThanOrEqual(501);
  });

  it('leaves the names of variables and settings in our own sentences alone', () => {
    const sentence = 'Set H2O_CLOUD_CLIENT_PLATFORM_TOKEN: get a token at https://cloud.example/auth/get-token.';
    expect(redactTokens(sentence)).toBe(sentence);
  });

  it('hides long opaque runs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), (bytes) => {
        const token = Buffer.from(bytes).toString('hex');
        fc.pre(/[a-f]/.test(token) && /\d/.test(token));
        expect(redact(`value ${token} here`)).not.toContain(token);
      }),
    );
  });
});

import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { ApiError, apiError, NotFoundError } from '../../../src/errors/api-error.js';
import { AuthenticationError, ScopeNotGrantedError } from '../../../src/errors/authentication-error.js';
import { addCreated, H2OCloudError } from '../../../src/errors/base.js';
import { errorCodes } from '../../../src/errors/codes.js';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { ConnectionError, TimeoutError } from '../../../src/errors/connection-error.js';

const notFound = (): ApiError =>
  apiError({ status: 404, what: 'No such project.', fix: 'Check the id.', call: 'GetProject', requestId: 'r-1', serviceMessage: 'nope' });

describe('an error', () => {
  it('says what happened, what to do, and where, in three lines that all its forms share', () => {
    const error = notFound();
    expect(error.message).toBe('No such project.\n  Check the id.\n  code NOT_FOUND · call GetProject · request r-1');
    expect(inspect(error)).toBe(`NotFoundError: ${error.message}`);
    expect(error.toJSON()).toEqual({
      name: 'NotFoundError',
      code: 'NOT_FOUND',
      message: error.message,
      retryable: false,
      call: 'GetProject',
      requestId: 'r-1',
    });
  });

  it('is an instance of its class and of those above, and of no other', () => {
    const error = notFound();
    expect([NotFoundError, ApiError, H2OCloudError, Error].every((kind) => error instanceof kind)).toBe(true);
    expect([AuthenticationError, ConfigurationError, TimeoutError].some((kind) => error instanceof kind)).toBe(false);
    expect(new TimeoutError({ code: 'TIMEOUT', what: 'late' })).toBeInstanceOf(ConnectionError);
    for (const stranger of [undefined, null, 'NotFoundError', {}, new Error('x')]) expect(stranger instanceof H2OCloudError).toBe(false);
  });

  it('is known to another copy of the package', async () => {
    vi.resetModules();
    const copy = await import('../../../src/errors/api-error.js');
    expect(copy.ApiError).not.toBe(ApiError);
    expect(notFound()).toBeInstanceOf(copy.NotFoundError);
    expect(notFound()).not.toBeInstanceOf(copy.ConflictError);
  });

  it("of a user's own subclass is not every error of the class above", () => {
    class Mine extends ApiError {}
    expect(notFound()).not.toBeInstanceOf(Mine);
    expect(new Mine({ code: 'API_ERROR', status: 418, what: 'tea' })).toBeInstanceOf(Mine);
    expect(new Mine({ code: 'API_ERROR', status: 418, what: 'tea' })).toBeInstanceOf(ApiError);
  });

  it('names what was left behind', () => {
    const error = notFound();
    addCreated(error, [{ kind: 'artifact', id: 'a-1' }]);
    expect(error.created).toEqual([{ kind: 'artifact', id: 'a-1' }]);
    expect(inspect(error)).toContain('left behind: artifact a-1');
    const reason = new Error('abort');
    addCreated(reason, [{ kind: 'artifact', id: 'a-1' }]);
    expect(reason.message).toBe('abort');
  });

  it('lists the scopes that are missing', () => {
    const error = new ScopeNotGrantedError({ what: 'no', missing: ['a'], granted: ['b'] });
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['a'], granted: ['b'] });
  });

  it('never shows a token, even where one of our own sentences holds it', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
    const error = new ConfigurationError({ code: 'CONFIGURATION_INVALID', what: `bad ${token}`, fix: `drop Bearer abcdefghij` });
    expect(inspect(error) + JSON.stringify(error) + String(error) + (error.stack ?? '')).not.toMatch(/eyJ|abcdefghij/);
  });
});

it('every code belongs to a class that the package exports', async () => {
  const exported: Record<string, unknown> = await import('h2o-ai-cloud');
  for (const [code, name] of Object.entries(errorCodes)) expect(exported[name], code).toBeTypeOf('function');
});

it('prints through console.log as through inspect', () => {
  const script =
    "import { H2OCloudError } from './src/errors/base.ts'; console.log(new H2OCloudError({ code: 'TIMEOUT', what: 'late', fix: 'wait' }));";
  const printed = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(printed).toBe('H2OCloudError: late\n  wait\n  code TIMEOUT\n');
});

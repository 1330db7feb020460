/**
 * The file of the CLI.
 */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readCliConfig, type CliConfig } from '../../../src/environment/cli-config.js';
import { EnvSnapshot } from '../../../src/environment/env-snapshot.js';
import { cliFile, errorOf, home, unreadable } from './world.js';

function read(
  content: string | Error,
  variables: Record<string, string> = {},
  homeDirectory: string | undefined = home,
): Promise<CliConfig> {
  const expected = variables['H2OCONFIG'] ?? cliFile;
  return readCliConfig({
    variables: new EnvSnapshot(variables),
    homeDirectory,
    readTextFile: (path) => {
      expect(path).toBe(expected);
      return content instanceof Error ? Promise.reject(content) : Promise.resolve(content);
    },
  });
}

const whole = `\uFEFFEndpoint = "https://cloud.example.com"\r\nClientID = "cli"\r\nToken = "token-1"\r\nPlatformClientID = "platform"\r\nPlatformToken = "token-2"\r\n`;

describe('the file of the CLI', () => {
  it('names a cloud and two tokens, each with its client', async () => {
    const { exists, endpoint, credentials } = await read(whole);
    expect({ exists, endpoint }).toEqual({ exists: true, endpoint: 'https://cloud.example.com' });
    expect(credentials.map(({ clientId, refreshToken, key }) => [clientId, refreshToken.reveal(), key])).toEqual([
      ['platform', 'token-2', 'PlatformToken'],
      ['cli', 'token-1', 'Token'],
    ]);
  });

  it('gives the platform token the precedence where both clients are one', async () => {
    const { credentials } = await read('ClientID="one"\nToken="t"\nPlatformClientID="one"\nPlatformToken="p"');
    expect(credentials.find(({ clientId }) => clientId === 'one')?.key).toBe('PlatformToken');
  });

  it('counts complete pairs at the top level only', async () => {
    const { endpoint, credentials } = await read('ClientID = "cli"\nPlatformToken = "p"\n[other]\nEndpoint = "https://evil"\nToken = "t"');
    expect({ endpoint, credentials }).toEqual({ endpoint: undefined, credentials: [] });
  });

  it('may be missing where nobody named it, also as a directory or without a home', async () => {
    expect(await read(unreadable('ENOENT'))).toMatchObject({ exists: false, credentials: [] });
    expect(await read(unreadable('EISDIR'))).toMatchObject({ exists: false });
    const homeless = {
      variables: new EnvSnapshot({}),
      homeDirectory: undefined,
      readTextFile: () => Promise.reject(new Error('not reached')),
    };
    expect(await readCliConfig(homeless)).toMatchObject({ exists: false });
  });

  it('must be there when H2OCONFIG names it', async () => {
    const error = await errorOf(read(unreadable('ENOENT'), { H2OCONFIG: '/etc/cli.toml' }));
    expect(error.code).toBe('CONFIGURATION_MISSING');
    expect(error.message).toContain('/etc/cli.toml, named by variable H2OCONFIG, does not exist');
  });

  it.each([{}, { H2OCONFIG: '/etc/cli.toml' }])('that cannot be read is an error that names it (%j)', async (variables) => {
    const error = await errorOf(read(unreadable('EACCES'), variables));
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toMatch(/cli.*\.toml cannot be read \(EACCES\)/);
  });

  it('with a syntax error is reported by line and column, without the text there', async () => {
    const error = await errorOf(read('Endpoint = "https://x"\nPlatformToken = "planted-secret\n'));
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toMatch(/at line 2, column \d+/);
    expect(error.message).not.toContain('planted-secret');
    expect(error.cause).toBeUndefined();
  });

  it('with a value of another type is reported by its key', async () => {
    const error = await errorOf(read('PlatformClientID = "x"\nPlatformToken = ["planted-secret"]'));
    expect(error.message).toContain('PlatformToken');
    expect(error.message).not.toContain('planted-secret');
  });
});

test.each([
  '__proto__ = { Endpoint = "https://evil" }',
  '[__proto__]\nEndpoint = "https://evil"',
  '__proto__.Endpoint = "https://evil"',
  '[constructor.prototype]\nEndpoint = "https://evil"',
])('hostile keys reach nothing: %j', async (content) => {
  const { endpoint } = await read(`${content}\n`);
  expect(endpoint).toBeUndefined();
  expect(Reflect.get({}, 'Endpoint')).toBeUndefined();
});

test('no error of a broken file holds a token of it', async () => {
  const token = 'rt.Planted-7f3a9c2e';
  const faults = ['"', "'", '=', '[', ']', '{', '\\', '\n', '"""', ',', '\u0000', '#', '1', '.'];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(120), fc.constantFrom(...faults)), { minLength: 1, maxLength: 4 }), async (insertions) => {
      let content = `Endpoint = "https://c"\nClientID = "a"\nToken = "${token}"\nPlatformClientID = "b"\nPlatformToken = "${token}"\n`;
      for (const [at, fault] of insertions) content = content.slice(0, at) + fault + content.slice(at);
      const outcome = await read(content).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(`${outcome.message}${outcome.stack ?? ''}${JSON.stringify(outcome)}`).not.toContain('Planted');
    }),
    { numRuns: 400 },
  );
});

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { H2OCloud, SecurityOptions } from 'h2o-ai-cloud';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../../src/cli/run.js';
import { version } from '../../../src/internal/version.js';
import { fixture } from '../../support/csv.js';

interface Session {
  readonly printed: string[];
  readonly complaints: string[];
  readonly status: Promise<number>;
  stop(): void;
}

/** The program in a terminal that is the test. */
function start(...args: string[]): Session {
  const printed: string[] = [];
  const complaints: string[] = [];
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const terminal = {
    print: (text: string) => void printed.push(text),
    complain: (text: string) => void complaints.push(text),
    stopped: () => stopped,
  };
  return { printed, complaints, status: run(args, terminal), stop };
}

async function ready(session: Session): Promise<string> {
  // The first token of a process waits for an RSA key.
  await expect.poll(() => session.printed.length, { timeout: 10_000 }).toBe(1);
  return session.printed[0] ?? '';
}

describe('h2o-ai-cloud local', () => {
  it('--json prints one line that holds all a program needs, and serves until it is stopped', async () => {
    const session = start(
      'local',
      '--json',
      '--rotate-refresh-tokens',
      '--access-token-seconds',
      '2.5',
      '--scorer-contract',
      'java',
      '--healthy-after-ms',
      '0',
      '--platform',
      '0.69',
    );
    const line = await ready(session);
    expect(line).not.toContain('\n');
    const description = z.looseObject({ cloudUrl: z.string(), users: z.array(z.unknown()) }).parse(JSON.parse(line));
    const token: unknown = expect.any(String);
    const belowTheCloud: unknown = expect.stringContaining(description.cloudUrl);
    expect(description.cloudUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(description).toMatchObject({
      env: { H2O_CLOUD_ENVIRONMENT: description.cloudUrl, H2O_CLOUD_CLIENT_PLATFORM_TOKEN: token },
      issuer: belowTheCloud,
      gatewayUrl: belowTheCloud,
      steamUrl: belowTheCloud,
      enginesUrl: belowTheCloud,
    });
    expect(description.users).toContainEqual({
      username: 'alice',
      password: token,
      roles: ['user'],
      accessToken: token,
      refreshToken: token,
    });
    const environment = `${description.cloudUrl}/.ai.h2o.cloud.discovery/v1/environment`;
    expect((await fetch(environment)).status).toBe(200);
    session.stop();
    expect(await session.status).toBe(0);
    await expect(fetch(environment)).rejects.toThrow('fetch failed');
    expect(session.complaints).toEqual([]);
  });

  it('tells a person where it is and how to use it', async () => {
    const session = start('local');
    const text = await ready(session);
    const [, url = ''] = /cloud +(http:\S+)/.exec(text) ?? [];
    expect((await fetch(`${url}/.ai.h2o.cloud.discovery/v1/environment`)).status).toBe(200);
    expect(text).toContain('alice');
    expect(text).toContain(`export H2O_CLOUD_ENVIRONMENT='${url}'`);
    session.stop();
    expect(await session.status).toBe(0);
  });

  it('--scorer-spelling has scorers name the classes', async () => {
    const session = start('local', '--json', '--healthy-after-ms', '0', '--scorer-spelling', 'python');
    const { env, users } = z
      .looseObject({ env: z.record(z.string(), z.string()), users: z.array(z.looseObject({ accessToken: z.string() })) })
      .parse(JSON.parse(await ready(session)));
    const user = new H2OCloud({ env, tokenStore: 'memory' }).onBehalfOf({ accessToken: users[0]?.accessToken ?? '' });
    const artifact = fixture('models/iris-glm.zip');
    const deployment = await user.mlops.deploy({ project: 'demo', artifact, name: 'iris', security: SecurityOptions.none() });
    expect(await user.scorer(deployment).schema()).toMatchObject({ labels: ['setosa', 'versicolor', 'virginica'] });
    session.stop();
    expect(await session.status).toBe(0);
  });

  test.each([
    [['--port', 'eighty'], '--port takes a number from 0 to 65535, not "eighty".'],
    [['--port', '65536'], '--port takes a number from 0 to 65535, not "65536".'],
    [['--access-token-seconds', '0'], '--access-token-seconds takes a number above 0.'],
    [['--access-token-seconds', 'long'], '--access-token-seconds takes a number that is not negative, not "long".'],
    [['--healthy-after-ms=-1'], '--healthy-after-ms takes a number that is not negative, not "-1".'],
    [['--platform', '7'], '--platform takes 0.69, 1.0, 1.2, not "7".'],
    [['--trust-issuer', 'https://issuer.example', '--trust-issuer', 'issuer'], '--trust-issuer takes the URL of an issuer, not "issuer".'],
    [['--trust-issuer', 'file:///etc/passwd'], '--trust-issuer takes the URL of an issuer, not "file:///etc/passwd".'],
    [['--scorer-contract', 'go'], '--scorer-contract takes java, python-pydantic1, python-pydantic2, not "go".'],
    [['--scorer-spelling', 'british'], '--scorer-spelling takes java, python, not "british".'],
    [['--no-such-option'], "Unknown option '--no-such-option'"],
    [['stray'], 'Unexpected argument'],
  ])('%j is refused with status 2, and nothing is served', async (args, complaint) => {
    const session = start('local', ...args);
    expect(await session.status).toBe(2);
    expect(session.complaints.join('\n')).toContain(complaint);
    expect(session.printed).toEqual([]);
  });

  it('says that a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const session = start('local', '--port', port);
    expect(await session.status).toBe(1);
    expect(session.complaints).toEqual([
      `h2o-ai-cloud: Port ${port} is taken. Give another one, or leave --port out for one that is free.`,
    ]);
    taken.close();
  });
});

describe('h2o-ai-cloud', () => {
  test.each([[[]], [['--help']], [['help']]])('%j tells the commands', async (args) => {
    const session = start(...args);
    expect(await session.status).toBe(0);
    expect(session.printed.join()).toContain('local');
  });

  it('tells its version, and the options of a command', async () => {
    const told = start('--version');
    expect([await told.status, told.printed]).toEqual([0, [version]]);
    const command = start('local', '--help');
    expect(await command.status).toBe(0);
    for (const option of [
      '--port',
      '--json',
      '--platform',
      '--access-token-seconds',
      '--rotate-refresh-tokens',
      '--trust-issuer',
      '--healthy-after-ms',
    ]) {
      expect(command.printed.join()).toContain(option);
    }
  });

  test.each(['fly', 'constructor'])('knows no command %s', async (name) => {
    const session = start(name);
    expect(await session.status).toBe(2);
    expect(session.complaints.join()).toContain(`There is no command "${name}"`);
  });

  it('as a process, serves on when nobody reads what it prints', { timeout: 20_000 }, async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const address = free.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    free.close();
    const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
    const args = ['--import', 'tsx', main, 'local', '--json', '--port', String(port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    child.stdout.destroy();
    const environment = `http://127.0.0.1:${port}/.ai.h2o.cloud.discovery/v1/environment`;
    await expect
      .poll(
        () =>
          fetch(environment).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 15_000 },
      )
      .toBe(200);
    // The line comes after the port is open and three tokens are signed.
    for (let count = 0; count < 5; count++) {
      const form = new URLSearchParams({ grant_type: 'password', client_id: 'hac-platform-public', username: 'bob', password: 'bob' });
      const token = `http://127.0.0.1:${port}/auth/realms/hac/protocol/openid-connect/token`;
      expect((await fetch(token, { method: 'POST', body: form })).status).toBe(200);
    }
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('as a process, ends with status 0 on %s', { timeout: 20_000 }, async (signal) => {
    const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', main, 'local', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const [line]: [Buffer] = await new Promise((resolve) =>
      child.stdout.once('data', (data: Buffer) => {
        resolve([data]);
      }),
    );
    expect(JSON.parse(line.toString('utf8'))).toHaveProperty('cloudUrl');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  });
});

/**
 * The program `h2o-ai-cloud`, as npm installs it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { consumerEnvironment, installedConsumer, projectRoot, run } from './consumer.mjs';

describe('the installed program', () => {
  const directory = installedConsumer({ after });
  const program = join(directory, 'node_modules', '.bin', 'h2o-ai-cloud');

  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    assert.deepEqual(await run(program, ['--version'], { cwd: directory }), { status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('runs a local cloud that answers discovery, until SIGTERM', { timeout: 30_000 }, async (t) => {
    const child = spawn(program, ['local', '--json'], { cwd: directory, env: consumerEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const { cloudUrl, env } = JSON.parse(line);
    assert.equal(env.H2O_CLOUD_ENVIRONMENT, cloudUrl);

    const response = await fetch(`${cloudUrl}/.ai.h2o.cloud.discovery/v1/services`);
    const { services } = await response.json();
    assert.ok(
      services.some(({ name }) => name === 'services/mlops-api'),
      JSON.stringify(services),
    );

    child.kill('SIGTERM');
    const [status, signal] = await once(child, 'exit');
    assert.deepEqual({ status, signal }, { status: 0, signal: null });
  });
});

/**
 * The installed package where JavaScript itself is not as usual: without `__proto__`, with frozen intrinsics, and after another library
 * has let somebody write to the prototype of all objects.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { bareConsumer, node, run, writeFiles } from './consumer.mjs';

/** Two users with refresh tokens and exchanged ones, each of whom must stay themselves. */
const twoUsers = `
import assert from 'node:assert/strict';
import { H2OCloud } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';

const local = await startLocalCloud({ rotateRefreshTokens: true, healthyAfterMs: 0 });
const env = { H2O_CLOUD_ENVIRONMENT: local.url };
const app = new H2OCloud({ env, oidc: { clientId: 'wave-app', clientSecret: 'wave-app-secret' } });
const platform = new H2OCloud({ env });
await Promise.all(['alice', 'bob'].map(async (name) => {
  const { refreshToken } = await local.issueTokens(name);
  const { accessToken } = await local.issueTokens(name, { client: 'wave-app' });
  const user = platform.onBehalfOf({ refreshToken });
  assert.equal((await user.claims()).username, name);
  await user.mlops.projects.create({ name });
  const projects = await app.onBehalfOf({ accessToken }).mlops.projects.list().toArray();
  assert.deepEqual(projects.map((project) => project.name), [name]);
}));
await assert.rejects(
  Promise.resolve().then(() => new H2OCloud({ env: {}, oidc: { issuer: 'http://idp.example', clientId: 'x' } })),
  { code: 'CONFIGURATION_INVALID' },
);
await assert.rejects(platform.onBehalfOf({ credential: () => 'token' }).fetch('https://evil.example/'), { code: 'ORIGIN_NOT_TRUSTED' });
await local.close();
console.log('fine');
`;

/** What JSON could have written there: names of options, of parameters and of members of answers. */
const pollution = `
const written = {
  accessToken: 'evil', access_token: 'evil', refreshToken: 'evil', refresh_token: 'evil', clientId: 'evil', client_id: 'evil',
  clientSecret: 'evil', issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token', environment: 'https://evil.example',
  sub: 'mallory', subject: 'mallory', preferred_username: 'mallory', roles: ['admin'], realm_access: { roles: ['admin'] },
  allowInsecure: true, trustedOrigins: ['https://evil.example'], H2O_CLOUD_ENVIRONMENT: 'https://evil.example',
};
for (const [name, value] of Object.entries(written))
  Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true });
`;

describe('case 98: the installed package', () => {
  const consumer = bareConsumer({ after }, ['openid-client']);
  writeFiles(consumer, { 'package.json': '{ "type": "module" }', 'two-users.js': twoUsers, 'pollution.cjs': pollution });

  for (const [what, ...flags] of [
    ['as usual'],
    ['without __proto__', '--disable-proto=throw'],
    ['with frozen intrinsics', '--frozen-intrinsics'],
    ['with a polluted prototype', '--require', './pollution.cjs'],
  ]) {
    it(`keeps two users apart ${what}`, async () => {
      const { status, stdout, stderr } = await run(node, [...flags, 'two-users.js'], { cwd: consumer });
      assert.deepEqual({ status, stdout }, { status: 0, stdout: 'fine\n' }, stderr);
    });
  }
});

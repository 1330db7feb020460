/** MLOps verb by verb, the same program on every platform, against the local cloud. */
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import {
  ApiError,
  ConfigurationError,
  ConflictError,
  DeploymentFailedError,
  NotFoundError,
  PermissionDeniedError,
  SecurityOptions,
  WaitTimeoutError,
  type H2OCloudOptions,
  type SecurityOption,
  type DeployProgress,
  type UploadProgress,
} from 'h2o-ai-cloud';
import type { StartLocalCloudOptions } from 'h2o-ai-cloud/testing';
import { callsOf, creditMojo, deployCredit, hurriedClock, type TestCloud } from '../../support/cloud.js';
import { fixture } from '../../support/csv.js';
import { callOf, platforms, startOn } from './platforms.js';

describe.each(platforms)('platform %s:', (platform) => {
  const start = (options: StartLocalCloudOptions = {}, sdk: H2OCloudOptions = {}): Promise<TestCloud> => startOn(platform, options, sdk);

  describe('projects', () => {
    it('are created, read, changed, listed by name and deleted', async () => {
      await using test = await start();
      const { projects } = test.user.mlops;
      const first = await projects.create({ name: "O'Brien", description: 'first' });
      const second = await projects.create({ name: "O'Brien" });
      await projects.create({ name: 'other' });
      expect((await projects.list({ name: "O'Brien" }).toArray()).map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
      expect(await projects.get(first)).toEqual(first);
      expect(await projects.update(first.id, { description: null })).toMatchObject({ name: "O'Brien", description: '' });
      expect(await projects.update(first, { name: 'renamed' })).toMatchObject({ name: 'renamed' });
      await projects.delete(first);
      await expect(projects.get(first)).rejects.toThrow(NotFoundError);
    });

    it('are all deleted by a loop over a list of many pages', async () => {
      await using test = await start({ pageSize: 3 });
      const { projects } = test.user.mlops;
      for (let index = 0; index < 11; index++) await projects.create({ name: `demo ${index}` });
      let deleted = 0;
      for await (const project of projects.list()) {
        await projects.delete(project);
        deleted += 1;
      }
      expect(deleted).toBe(11);
      expect(await projects.list().toArray()).toEqual([]);
    });

    it('survive JSON', async () => {
      await using test = await start();
      const project: unknown = JSON.parse(JSON.stringify(await test.user.mlops.projects.create({ name: 'demo' })));
      await test.user.mlops.projects.delete(project as { id: string });
    });

    test.each([
      ['', 'name'],
      ['   ', 'name'],
    ])('a name %j is refused before anything is sent', async (name, word) => {
      await using test = await start();
      await expect(test.user.mlops.projects.create({ name })).rejects.toThrow(word);
      expect(callsOf(test.local)).toEqual([]);
    });

    it('of another user are not to be seen', async () => {
      await using test = await start();
      const project = await test.user.mlops.projects.create({ name: 'mine' });
      const bob = test.cloud.onBehalfOf({ accessToken: test.local.users.find(({ username }) => username === 'bob')!.accessToken });
      await expect(bob.mlops.projects.get(project)).rejects.toThrow(ApiError);
      expect(await bob.mlops.projects.list().toArray()).toEqual([]);
    });
  });

  describe('experiments', () => {
    it('hold what the platform read from the artifact', async () => {
      await using test = await start();
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const progress: UploadProgress[] = [];
      const created = await mlops.experiments.create(
        { project, name: 'credit', artifact: creditMojo },
        { onProgress: (step) => progress.push(step) },
      );
      const read = await mlops.experiments.get(created);
      expect(read).toMatchObject({
        id: created.id,
        name: 'credit',
        project: { id: project.id },
        targetColumn: 'default payment next month',
      });
      expect(read.metadata).toEqual(created.metadata);
      expect(Object.keys(read.metadata).length).toBeGreaterThan(0);
      expect(progress.at(-1)).toMatchObject({ uploadedBytes: 53_440, totalBytes: 53_440 });
      expect(await mlops.experiments.update(created, { name: 'champion' })).toMatchObject({ name: 'champion' });
      expect((await mlops.experiments.list({ project }).toArray()).map(({ name }) => name)).toEqual(['champion']);
      await mlops.experiments.delete(created);
      expect(await mlops.experiments.list({ project }).toArray()).toEqual([]);
    });

    it('are made of bytes, a Blob and a stream as well', async () => {
      await using test = await start();
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const { readFile } = await import('node:fs/promises');
      const { createReadStream } = await import('node:fs');
      const { pathToFileURL } = await import('node:url');
      const bytes = await readFile(creditMojo);
      const sources = [
        bytes,
        new Blob([new Uint8Array(bytes)]),
        createReadStream(creditMojo, { highWaterMark: 1000 }),
        pathToFileURL(creditMojo),
      ];
      for (const artifact of sources) {
        const experiment = await mlops.experiments.create({ project, name: 'credit', artifact });
        expect(experiment.targetColumn).toBe('default payment next month');
      }
    });
  });

  describe('models', () => {
    it('count their versions, and the newest is the highest over all pages', async () => {
      await using test = await start({ pageSize: 2 });
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const experiment = await mlops.experiments.create({ project, name: 'credit', artifact: creditMojo });
      const model = await mlops.models.create({ project, name: 'credit', description: 'd' });
      await expect(mlops.models.latestVersion(model)).rejects.toThrow(NotFoundError);
      for (let version = 1; version <= 5; version++) expect((await mlops.models.register({ model, experiment })).version).toBe(version);
      const latest = await mlops.models.latestVersion(model);
      expect(latest).toMatchObject({ version: 5, experiment: { id: experiment.id }, model: { id: model.id } });
      await mlops.models.unregister(latest);
      expect((await mlops.models.latestVersion(model)).version).toBe(4);
      expect(await mlops.models.get(model)).toMatchObject({ name: 'credit', description: 'd' });
      expect(await mlops.models.update(model, { name: 'credit 2' })).toMatchObject({ name: 'credit 2' });
      expect(await mlops.models.list({ project, name: 'credit 2' }).first()).toMatchObject({ id: model.id });
      await mlops.models.delete(model);
      expect(await mlops.models.list({ project }).toArray()).toEqual([]);
    });

    it('a bare id is refused, for it does not say where the model lives', async () => {
      await using test = await start();
      // What a caller without a type checker may pass.
      const bare: never = 'some-id' as never;
      await expect(test.user.mlops.models.get(bare)).rejects.toThrow('without its project');
    });
  });

  describe('deployments', () => {
    it('read back what was ordered', async () => {
      await using test = await start();
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const experiment = await mlops.experiments.create({ project, name: 'credit', artifact: creditMojo });
      const deployment = await mlops.deployments.create({
        project,
        name: 'credit',
        description: 'all options',
        composition: { experiment, runtime: 'h2o3_mojo_runtime' },
        security: SecurityOptions.passphrase('open sesame'),
        replicas: 2,
        resources: { limits: { memory: '512Mi' }, requests: { cpu: '100m' } },
        environmentVariables: { KEY: '1' },
        monitoring: { enabled: false },
        corsOrigins: ['https://a.example'],
        platform: { '0.69': { environment: 'PROD' }, '1.2': {} },
      });
      expect(await mlops.deployments.get(deployment)).toMatchObject({
        name: 'credit',
        description: 'all options',
        composition: { type: 'single', experiment: { id: experiment.id }, runtime: 'h2o3_mojo_runtime' },
        replicas: 2,
        resources: { limits: { memory: '512Mi' }, requests: { cpu: '100m' } },
        environmentVariables: { KEY: '1' },
        monitoring: { enabled: false },
        corsOrigins: ['https://a.example'],
      });
      expect(await mlops.deployments.list({ project, name: 'credit' }).first()).toMatchObject({ id: deployment.id });
      await mlops.deployments.delete(deployment);
      await expect(mlops.deployments.get(deployment)).rejects.toThrow(NotFoundError);
    });

    it('are changed without losing what was not named', async () => {
      await using test = await start();
      const deployment = await deployCredit(test.user);
      const { deployments } = test.user.mlops;
      const changed = await deployments.update(deployment, { replicas: 3, environmentVariables: { A: 'b' } });
      expect(changed).toMatchObject({ replicas: 3, environmentVariables: { A: 'b' }, security: [{ type: 'oidc' }], name: 'credit' });
      const scaledDown = await deployments.update(changed, {
        replicas: 0,
        monitoring: { enabled: false },
        corsOrigins: ['https://b.example'],
      });
      expect(scaledDown).toMatchObject({
        replicas: 0,
        environmentVariables: { A: 'b' },
        monitoring: { enabled: false },
        corsOrigins: ['https://b.example'],
      });
      expect(await deployments.get(deployment)).toMatchObject({ replicas: 0, composition: deployment.composition });
    });

    it('that somebody else has changed are not overwritten', async () => {
      await using test = await start();
      const deployment = await deployCredit(test.user);
      const { deployments } = test.user.mlops;
      await deployments.update(deployment, { replicas: 2 });
      await expect(deployments.update(deployment, { replicas: 5 })).rejects.toThrow(ConflictError);
      expect(await deployments.update({ id: deployment.id, project: deployment.project }, { replicas: 5 })).toMatchObject({ replicas: 5 });
    });

    it('find out that the security of a scorer has changed', async () => {
      await using test = await start();
      const deployment = await deployCredit(test.user, SecurityOptions.none());
      const scorer = test.user.scorer(deployment);
      const sample = await scorer.sampleRequest();
      const elsewhere = test.cloud.onBehalfOf({ accessToken: test.local.users[0]!.accessToken });
      await elsewhere.mlops.deployments.update(deployment, { security: SecurityOptions.passphrase('open sesame') });
      expect((await scorer.score(sample)).score).toHaveLength(1);
    });

    it('print without their secrets', async () => {
      await using test = await start();
      const deployment = await deployCredit(test.user, SecurityOptions.passphrase('open sesame'));
      const read = await test.user.mlops.deployments.get(deployment);
      expect(read.security).toMatchObject([{ type: 'passphrase', atRest: 'plain' }]);
      expect(inspect(read, { depth: 20, showHidden: true }) + JSON.stringify(read)).not.toContain('sesame');
      const [option] = read.security;
      expect(option?.type === 'passphrase' ? option.passphrase?.reveal() : '').toBe('open sesame');
    });
  });

  describe('security', () => {
    it('that is contradictory, unknown or of another platform is refused before anything is made', async () => {
      await using test = await start();
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const experiment = await mlops.experiments.create({ project, name: 'credit', artifact: creditMojo });
      const order = { project, name: 'credit', composition: { experiment } };
      const before = callsOf(test.local).length;
      const unknownSecurity: SecurityOption = Object.assign({ type: 'unknown' } as const, { type: 'magic' });
      await expect(mlops.deployments.create({ ...order, security: [] })).rejects.toThrow(ConfigurationError);
      await expect(mlops.deployments.create({ ...order, security: [SecurityOptions.none(), SecurityOptions.oidc()] })).rejects.toThrow(
        ConfigurationError,
      );
      await expect(mlops.deployments.create({ ...order, security: unknownSecurity })).rejects.toThrow(ConfigurationError);
      expect(() => SecurityOptions.passphrase(' ')).toThrow(ConfigurationError);
      expect(() => SecurityOptions.passphrase('x', { hash: 'md5:abc' })).toThrow(ConfigurationError);
      // Nothing was asked of the platform for any of these.
      expect(callsOf(test.local)).toHaveLength(before);
    });

    it('that the administrator has not activated is refused with the names of the settings', async () => {
      await using test = await start({ securityOptions: ['passphrase'] });
      const { mlops } = test.user;
      expect(await mlops.securityOptions.list()).toMatchObject([{ type: 'passphrase', atRest: 'plain' }]);
      const error: unknown = await deployCredit(test.user).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ApiError);
      expect(String(error)).toContain('securityOptions.activated');
      expect(String(error)).toContain('deployer.config.securityProxy.oidcIssuers');
      expect(await mlops.projects.list().toArray()).toEqual([]);
    });
  });

  describe('waiting', () => {
    it('reports the states and resolves when the deployment is healthy', async () => {
      const clock = hurriedClock(20);
      await using test = await start({ healthyAfterMs: 10_000, clock }, { clock });
      const deployment = await started(test.user);
      const states: string[] = [];
      const waiting = test.user.mlops.deployments.waitUntilHealthy(deployment, {
        onProgress: ({ state }) => {
          if (states.at(-1) !== state) states.push(state);
        },
      });
      expect(await waiting).toMatchObject({ state: 'HEALTHY' });
      expect(states).toEqual(['PENDING', 'PREPARING', 'LAUNCHING', 'HEALTHY']);
    });

    it('ends at once when the deployment fails, with the message of the platform', async () => {
      await using test = await start();
      const deployment = await started(test.user, fixture('models/credit-drf.zip'));
      const error: unknown = await test.user.mlops.deployments.waitUntilHealthy(deployment).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DeploymentFailedError);
      expect(error).toMatchObject({ code: 'DEPLOYMENT_FAILED', deploymentId: deployment.id, history: [{ state: 'FAILED' }] });
      expect(String(error)).toContain('drf');
    });

    it('ends at the deadline with the history', async () => {
      await using test = await start({ healthyAfterMs: 3_600_000 });
      const deployment = await started(test.user);
      const error: unknown = await test.user.mlops.deployments
        .waitUntilHealthy(deployment, { timeoutMs: 50 })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WaitTimeoutError);
      expect(error).toMatchObject({ retryable: true, history: [{ state: 'PENDING' }] });
    });

    it('ends at once when the deployment is gone, or the user may not see it', async () => {
      await using test = await start({ healthyAfterMs: 3_600_000 });
      const deployment = await started(test.user);
      test.local.faults.add({ when: callOf(platform, 'deploymentStatus'), then: { status: 403, body: { code: 7, message: 'no' } } });
      await expect(test.user.mlops.deployments.waitUntilHealthy(deployment)).rejects.toThrow(PermissionDeniedError);
      await test.user.mlops.deployments.delete(deployment);
      await expect(test.user.mlops.deployments.waitUntilHealthy(deployment)).rejects.toThrow(NotFoundError);
    });

    it('rejects with the reason of an abort', async () => {
      await using test = await start({ healthyAfterMs: 3_600_000 });
      const deployment = await started(test.user);
      const controller = new AbortController();
      const reason = new Error('the user left');
      const waiting = test.user.mlops.deployments.waitUntilHealthy(deployment, {
        signal: controller.signal,
        onProgress: () => {
          controller.abort(reason);
        },
      });
      await expect(waiting).rejects.toBe(reason);
    });
  });

  describe('deploy()', () => {
    it('makes the whole chain, and a second one adds a version to the same model', async () => {
      await using test = await start();
      const steps: string[] = [];
      const note = (progress: DeployProgress): void => {
        if (progress.step !== 'upload' && progress.step !== 'wait') steps.push(progress.step);
      };
      const params = { project: 'demo', artifact: creditMojo, name: 'credit', security: SecurityOptions.oidc() };
      await test.user.mlops.deploy(params, { onProgress: note });
      expect(steps).toEqual(['project', 'experiment', 'model', 'version', 'deployment']);
      const second = await test.user.mlops.deploy(params);
      const model = await test.user.mlops.models.list({ project: second.project, name: 'credit' }).toArray();
      expect(model).toHaveLength(1);
      expect((await test.user.mlops.models.latestVersion(model[0]!)).version).toBe(2);
    });

    it('removes what it has made when the deployment fails, and leaves what was there', async () => {
      await using test = await start();
      const { mlops } = test.user;
      const project = await mlops.projects.create({ name: 'demo' });
      const forest = { artifact: fixture('models/credit-drf.zip'), name: 'credit', security: SecurityOptions.oidc() };
      await expect(mlops.deploy({ ...forest, project: 'demo' })).rejects.toThrow(DeploymentFailedError);
      await expect(mlops.deploy({ ...forest, project: 'new' })).rejects.toThrow(DeploymentFailedError);
      expect(await mlops.projects.list().toArray()).toEqual([project]);
      expect(await mlops.experiments.list({ project }).toArray()).toEqual([]);
      expect(await mlops.models.list({ project }).toArray()).toEqual([]);
      expect(await mlops.deployments.list({ project }).toArray()).toEqual([]);
    });

    it('names what it could not remove', async () => {
      await using test = await start();
      test.local.faults.add({ when: callOf(platform, 'deleteProject'), times: 10, then: { status: 500 } });
      test.local.faults.add({ when: callOf(platform, 'deleteDeployment'), times: 10, then: { status: 500 } });
      const params = { project: 'demo', artifact: fixture('models/credit-drf.zip'), name: 'credit', security: SecurityOptions.oidc() };
      const error: unknown = await test.user.mlops.deploy(params).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'DEPLOYMENT_FAILED', created: [{ kind: 'deployment' }, { kind: 'project' }] });
      expect(String(error)).toContain('left behind');
    });

    it('cleans up after an abort as well', async () => {
      await using test = await start({ healthyAfterMs: 3_600_000 });
      const controller = new AbortController();
      const params = { project: 'demo', artifact: creditMojo, name: 'credit', security: SecurityOptions.oidc() };
      const deploying = test.user.mlops.deploy(params, {
        signal: controller.signal,
        onProgress: ({ step }) => {
          if (step === 'wait') controller.abort(new Error('enough'));
        },
      });
      await expect(deploying).rejects.toThrow('enough');
      expect(await test.user.mlops.projects.list().toArray()).toEqual([]);
    });

    it('looks a creation of unknown outcome up before it repeats it', async () => {
      await using test = await start();
      // The deployment is made, and the answer never arrives.
      test.local.faults.add({ when: callOf(platform, 'createDeployment'), then: { cutBodyAfterBytes: 10 } });
      const deployment = await deployCredit(test.user);
      expect(await test.user.mlops.deployments.list({ project: deployment.project }).toArray()).toHaveLength(1);
    });

    test.each([
      [{ project: '2f7d4d1e-8c5a-4d6b-9b5c-3a1f5e7d9c11' }, 'id'],
      [{ project: '' }, 'name'],
      [{ name: '' }, 'name'],
      [{ artifact: 'missing.zip' }, 'missing.zip'],
      [{ ifExists: 'never' as never }, 'ifExists'],
    ])('refuses %j before anything is sent', async (wrong, word) => {
      await using test = await start();
      const params = { project: 'demo', artifact: creditMojo, name: 'credit', security: SecurityOptions.oidc(), ...wrong };
      await expect(test.user.mlops.deploy(params)).rejects.toThrow(word);
      expect(callsOf(test.local)).toEqual([]);
    });
  });
});

/** A deployment that was just created, of the credit model or another. */
async function started(user: Parameters<typeof deployCredit>[0], artifact = creditMojo): Promise<Awaited<ReturnType<typeof deployCredit>>> {
  const { mlops } = user;
  const project = await mlops.projects.create({ name: 'waiting' });
  const experiment = await mlops.experiments.create({ project, name: 'credit', artifact });
  return mlops.deployments.create({ project, name: 'credit', composition: { experiment }, security: SecurityOptions.oidc() });
}

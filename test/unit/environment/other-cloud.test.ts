import { expect, it } from 'vitest';
import { CloudEnvironment } from '../../../src/environment/cloud-environment.js';
import { systemClock } from '../../../src/internal/clock.js';
import { silentLogger } from '../../../src/internal/logger.js';

const answers: Readonly<Record<string, unknown>> = {
  'v1/services': { services: [{ name: 'services/mlops-api', displayName: 'MLOps', uri: 'https://mlops.b.example' }] },
  'v1/environment': {
    environment: { h2oCloudEnvironment: 'https://b.example', issuerUrl: 'https://b.example/auth', h2oCloudPlatformOauth2Scope: '' },
  },
};

it("a service of the environment's cloud is not used when the options name another cloud", async () => {
  const env = { H2O_CLOUD_ENVIRONMENT: 'https://a.example', H2O_MLOPS_GATEWAY: 'https://mlops.a.example' };
  const ports = {
    clock: systemClock,
    logger: silentLogger,
    homeDirectory: undefined,
    getJson: (url: string) => Promise.resolve(answers[Object.keys(answers).find((path) => url.endsWith(path)) ?? '']),
  };
  expect((await new CloudEnvironment({ environment: 'https://b.example', env }, ports).service('mlops')).url).toBe(
    'https://mlops.b.example',
  );
  expect((await new CloudEnvironment({ env }, ports).service('mlops')).url).toBe('https://mlops.a.example');
});

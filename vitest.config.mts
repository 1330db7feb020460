import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
      { find: /^h2o-ai-cloud\/wave$/, replacement: source('wave/index.ts') },
      { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
      { find: /^h2o-ai-cloud\/testing\/msw$/, replacement: source('testing/msw.ts') },
    ],
  },
  test: {
    include: ['test/{unit,contract,identity}/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: 'tsconfig.json' },
    // One worker for each of two cores: the tests wait for sockets as much as they compute.
    maxWorkers: 2,
    // Some tests start processes of their own, and machines may be busy.
    testTimeout: 30_000,
    restoreMocks: true,
    unstubEnvs: true,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      thresholds: { lines: 85, branches: 75, functions: 85, statements: 85 },
    },
  },
});

import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

export default defineConfig({
  resolve: packageInSources,
  test: {
    include: ['test/{unit,contract,identity}/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: 'test/types/tsconfig.json' },
    // More than two cores have, since the tests wait for sockets as much as they compute.
    maxWorkers: 3,
    // Some tests start processes of their own, and machines may be busy.
    testTimeout: 30_000,
    // Files share what they have loaded, as a program does: importing took a third of the time, and state of a module that mixes users shows.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      thresholds: { lines: 85, branches: 75, functions: 85, statements: 85 },
    },
  },
});

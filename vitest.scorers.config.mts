import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** The SDK against real scorers and a check of the contracts, which the tests install, start and stop. */
export default defineConfig({
  resolve: packageInSources,
  test: { include: ['test/scorers/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 600_000 },
});

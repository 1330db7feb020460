import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** Several processes that share a token store, in files and in a real Redis. One file after the other: they measure what happens in time. */
export default defineConfig({
  resolve: packageInSources,
  test: { include: ['test/processes/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 300_000 },
});

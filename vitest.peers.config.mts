import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** The official clients against the local cloud: they need Python and a package index, and their first run is slow. */
export default defineConfig({
  resolve: packageInSources,
  test: { include: ['test/peers/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 600_000 },
});

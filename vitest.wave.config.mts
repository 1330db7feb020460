import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** A Wave app against a real Wave server, whose users sign in at a real Keycloak. The set-up installs, starts and stops both. */
export default defineConfig({
  resolve: packageInSources,
  test: {
    include: ['test/wave/**/*.test.ts'],
    globalSetup: ['test/wave/setup.ts'],
    // The tests mostly wait for tokens to end, each with a Wave server of its own.
    sequence: { concurrent: true },
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

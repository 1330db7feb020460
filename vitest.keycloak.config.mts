import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** The SDK against a real Keycloak, which the set-up installs, starts and stops. Files run one after the other: they share its users. */
export default defineConfig({
  resolve: packageInSources,
  test: {
    include: ['test/keycloak/**/*.test.ts'],
    globalSetup: ['test/keycloak/setup.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});

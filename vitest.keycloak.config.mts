import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** The SDK against a real Keycloak, which the set-up installs, starts and stops. Files run one after the other: they share its users. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
      { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    include: ['test/keycloak/**/*.test.ts'],
    globalSetup: ['test/keycloak/setup.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});

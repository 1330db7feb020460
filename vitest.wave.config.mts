import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** A Wave app against a real Wave server, whose users sign in at a real Keycloak. The set-up installs, starts and stops both. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
      { find: /^h2o-ai-cloud\/wave$/, replacement: source('wave/index.ts') },
      { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    include: ['test/wave/**/*.test.ts'],
    globalSetup: ['test/wave/setup.ts'],
    // The tests mostly wait for tokens to end, each with a Wave server of its own.
    sequence: { concurrent: true },
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** The SDK against real scorers and a check of the contracts, which the tests install, start and stop. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
      { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: { include: ['test/scorers/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 600_000 },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** The official clients against the local cloud: they need Python and a package index, and their first run is slow. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
      { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: { include: ['test/peers/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 600_000 },
});

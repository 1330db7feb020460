import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Several processes that share a token store, in files and in a real Redis. One file after the other: they measure what happens in time. */
export default defineConfig({
  resolve: { alias: [{ find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') }] },
  test: { include: ['test/processes/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 300_000 },
});

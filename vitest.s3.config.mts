import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Drive against a real MinIO whose token service trusts a real Keycloak; the set-up installs, starts and stops both. */
export default defineConfig({
  resolve: { alias: [{ find: /^h2o-ai-cloud$/, replacement: source('index.ts') }] },
  test: {
    include: ['test/s3/**/*.test.ts'],
    globalSetup: ['test/s3/setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    // MinIO is built from its sources at the first start.
    hookTimeout: 900_000,
  },
});

import { defineConfig } from 'vitest/config';
import { packageInSources } from './test/support/sources.js';

/** Drive against a real MinIO whose token service trusts a real Keycloak; the set-up installs, starts and stops both. */
export default defineConfig({
  resolve: packageInSources,
  test: {
    include: ['test/s3/**/*.test.ts'],
    globalSetup: ['test/s3/setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    // MinIO is built from its sources at the first start.
    hookTimeout: 900_000,
  },
});

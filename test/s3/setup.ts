/** One Keycloak and one MinIO that trusts it, for all files of the suite. */
import type { TestProject } from 'vitest/node';
import { startKeycloak } from '../lab/keycloak.js';
import { startMinio } from '../lab/minio.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly storage: { readonly issuer: string; readonly minioUrl: string; readonly minioRole: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const keycloak = await startKeycloak();
  const minio = await startMinio(keycloak.issuerNoRotate, ['alice', 'bob']);
  project.provide('storage', { issuer: keycloak.issuerNoRotate, minioUrl: minio.url, minioRole: minio.role });
  return async () => {
    await minio.stop();
    await keycloak.stop();
  };
}

/** One Keycloak for all files of the suite. Its access tokens live so shortly that a test can see them end. */
import type { TestProject } from 'vitest/node';
import { startKeycloak } from '../lab/keycloak.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, issuer, issuerNoRotate, stop } = await startKeycloak({ accessTokenSeconds: 14 });
  project.provide('keycloak', { url, issuer, issuerNoRotate });
  return stop;
}

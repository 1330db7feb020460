/** One Keycloak for all files of the suite. */
import type { TestProject } from 'vitest/node';
import { startKeycloak } from '../lab/keycloak.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly keycloak: { readonly url: string; readonly issuer: string; readonly issuerNoRotate: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, issuer, issuerNoRotate, stop } = await startKeycloak();
  project.provide('keycloak', { url, issuer, issuerNoRotate });
  return stop;
}

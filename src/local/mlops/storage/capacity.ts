/**
 * How much the artifact store still takes, whichever way the bytes come.
 */
import type { GatewayContext } from '../context.js';

export function freeBytes({ state, artifactStoreBytes }: Pick<GatewayContext, 'state' | 'artifactStoreBytes'>): number {
  if (artifactStoreBytes === Infinity) return Infinity;
  return artifactStoreBytes - [...state.artifacts.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

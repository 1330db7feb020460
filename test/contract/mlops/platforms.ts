/** What the contract suite runs on: every platform, and how a fault names one of its calls. */
import type { CreatedResource, H2OCloudOptions, PlatformName } from 'h2o-ai-cloud';
import type { FaultCondition, StartLocalCloudOptions } from 'h2o-ai-cloud/testing';
import { startTestCloud, type TestCloud } from '../../support/cloud.js';

export const platforms: readonly PlatformName[] = ['0.69', '1.0', '1.2'];

/** A cloud of one platform, found by discovery as a program finds it. */
export function startOn(platform: PlatformName, options: StartLocalCloudOptions = {}, sdk: H2OCloudOptions = {}): Promise<TestCloud> {
  return startTestCloud({ platform, ingestedAfterMs: 0, ...options }, sdk);
}

const workspace = /\/v1\/workspaces\/[^/]+$/;
const deployment = /\/v2\/workspaces\/[^/]+\/deployments\/[^/:]+$/;
const deployments = /\/v2\/workspaces\/[^/]+\/deployments$/;

const rpcCalls = {
  createProject: { path: 'CreateProject' },
  getProject: { path: 'GetProject' },
  deleteProject: { path: 'DeleteProject' },
  createDeployment: { path: 'CreateDeployment' },
  readDeployment: { path: 'ListProjectDeployments' },
  updateDeployment: { path: 'UpdateModelDeployment' },
  deleteDeployment: { path: 'DeleteDeployment' },
  deploymentStatus: { path: 'GetDeploymentStatus' },
  runtimes: { path: 'ListArtifactCompositions' },
} satisfies Readonly<Record<string, FaultCondition>>;

export type CallName = keyof typeof rpcCalls;

const restCalls: Readonly<Record<CallName, FaultCondition>> = {
  createProject: { method: 'POST', path: /\/v1\/workspaces$/ },
  getProject: { method: 'GET', path: workspace },
  deleteProject: { method: 'DELETE', path: workspace },
  createDeployment: { method: 'POST', path: deployments },
  readDeployment: { method: 'GET', path: deployment },
  updateDeployment: { method: 'PATCH', path: deployment },
  deleteDeployment: { method: 'DELETE', path: deployment },
  deploymentStatus: { method: 'GET', path: /\/deployments\/[^/]+\/status$/ },
  runtimes: { method: 'GET', path: /\/artifactCompositions$/ },
};

/** How a fault names a call on a platform. */
export function callOf(platform: PlatformName, name: CallName): FaultCondition {
  return platform === '0.69' ? rpcCalls[name] : restCalls[name];
}

/** The request that carries the bytes of an upload. */
export function uploadOf(platform: PlatformName): FaultCondition {
  return platform === '1.2' ? { method: 'PUT' } : { path: 'ByteStream/Write' };
}

/** What a project holds, artifacts that hang on it included. */
export async function contentOf({ local, user }: TestCloud, project: { readonly id: string }): Promise<CreatedResource[]> {
  const { mlops } = user;
  const [experiments, models, deployments] = [
    await mlops.experiments.list({ project }).toArray(),
    await mlops.models.list({ project }).toArray(),
    await mlops.deployments.list({ project }).toArray(),
  ];
  const { gatewayUrl } = await local.describe();
  const answer = await user.fetch(`${gatewayUrl}/storage/ai.h2o.storage.ArtifactService/ListEntityArtifacts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ entityId: project.id, entityType: 'PROJECT' }),
  });
  const { artifact } = (await answer.json()) as { readonly artifact: readonly { readonly id: string }[] };
  return [
    ...experiments.map(({ id }) => ({ kind: 'experiment', id }) as const),
    ...models.map(({ id }) => ({ kind: 'model', id }) as const),
    ...deployments.map(({ id }) => ({ kind: 'deployment', id }) as const),
    ...artifact.map(({ id }) => ({ kind: 'artifact', id }) as const),
  ];
}

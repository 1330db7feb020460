/**
 * Which APIs each platform serves. No logic; a cloud that is restricted to no platform serves them all at once.
 */
export type PlatformName = '0.69' | '1.0' | '1.2';

export type Api =
  /** Experiments, models, artifacts and what belongs to them, by RPC. */
  | 'storage'
  /** Projects and their environments, by RPC. */
  | 'projects'
  /** Workspaces and users of the authorization gateway. */
  | 'authz'
  /** Artifacts as streams of lines, and models inspected while the caller waits. */
  | 'byte-stream'
  /** Artifacts by presigned URLs, and models inspected while nobody waits. */
  | 'presigned-urls'
  | 'deployer-rpc'
  | 'deployer-rest'
  /** What the deployer of 1.2 has beyond that of 1.0: several protections, API keys, pause and resume. */
  | 'deployer-rest-1.2'
  | 'secure-store';

const workspaces: readonly Api[] = ['storage', 'authz', 'deployer-rest'];

export const apisOf: Readonly<Record<PlatformName, readonly Api[]>> = {
  '0.69': ['storage', 'projects', 'byte-stream', 'deployer-rpc'],
  '1.0': [...workspaces, 'byte-stream'],
  '1.2': [...workspaces, 'presigned-urls', 'deployer-rest-1.2', 'secure-store'],
};

export const platformNames: readonly PlatformName[] = ['0.69', '1.0', '1.2'];

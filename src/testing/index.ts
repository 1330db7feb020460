/**
 * `h2o-ai-cloud/testing`: a local cloud for tests on a real port, faults to order, and a clock that the test owns.
 * The cloud itself is in `local/`; this is its handle.
 */
import type { LocalCloudDescription, LocalCloudOptions } from '../local/local-cloud.js';
import { serveLocalCloud } from '../local/server.js';
import { controlsOf } from './controls.js';
import type { LocalCloudControls } from './controls.js';

export type { Clock } from '../internal/clock.js';
export type { Fault, FaultCondition, FaultEffect, FaultHit, Faults } from '../local/faults.js';
export type {
  IssuedTokens,
  IssueTokensOptions,
  LocalClient,
  LocalCloudDescription,
  LocalCloudOptions,
  LocalUser,
  OptionalService,
  PlatformName,
  RecordedRequest,
  ScorerContract,
  ScorerSpelling,
  SecurityKind,
  ServiceName,
} from '../local/local-cloud.js';
export type { LocalCloudControls } from './controls.js';
export { FakeClock } from './fake-clock.js';

export interface StartLocalCloudOptions extends Omit<LocalCloudOptions, 'origin'> {
  /** The port to listen on. Default: one that is free. */
  readonly port?: number | undefined;
}

/** A local cloud that serves a port of this machine. */
export interface RunningCloud extends LocalCloudControls, AsyncDisposable {
  /** Where it answers: the H2O Cloud environment of a program under test. */
  readonly url: string;
  /** The variables for `new H2OCloud({ env })` or for a child process: where the cloud is, and a refresh token of its first user. */
  readonly env: LocalCloudDescription['env'];
  /** Its users with their passwords and tokens. The access tokens expire; `issueTokens` gives out fresh ones. */
  readonly users: LocalCloudDescription['users'];
  /** Stops it and ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts a local cloud on a free port of 127.0.0.1: identity provider, discovery, MLOps and scorers, empty but for its users.
 *
 * @throws {Error} `port` is taken (`code` is `EADDRINUSE`)
 * @example
 * const local = await startLocalCloud({ healthyAfterMs: 0 });
 * const cloud = new H2OCloud({ env: local.env });
 * local.faults.add({ when: { path: 'CreateDeployment' }, then: { status: 503 } });
 * await local.close();
 */
export async function startLocalCloud(options: StartLocalCloudOptions = {}): Promise<RunningCloud> {
  const running = await serveLocalCloud(options);
  const { env, users } = await running.cloud.describe();
  const close = (): Promise<void> => running.close();
  return { ...controlsOf(running.cloud), url: running.url, env, users, close, [Symbol.asyncDispose]: close };
}

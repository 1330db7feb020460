/**
 * The port through which scoring finds a deployment's scorer; each platform that has scorers brings an adapter.
 */
import type { Secret } from '../internal/secret.js';

/** A deployment that can be scored, as its platform knows it. */
export interface ScorableRef {
  readonly id: string;
  readonly project: string | { readonly id: string };
}

/** A way in that a scorer offers. */
export type ScorerAccess =
  | { readonly type: 'none' | 'oidc' | 'unknown' }
  | { readonly type: 'apiKey'; readonly key?: Secret | undefined }
  | { readonly type: 'passphrase'; readonly passphrase?: Secret | undefined };

/** Where a scorer is and how it lets callers in. */
export interface ScorerLocation {
  /** The address that scores, ending in `/model/score`. */
  readonly scoreUrl: string;
  readonly access: readonly ScorerAccess[];
  /** Whether some of it was not asked just now. */
  readonly isRemembered: boolean;
}

export interface LocateOptions {
  /** Ask the platform even if it has answered lately: the scorer has just refused. */
  readonly fresh?: boolean;
}

export interface ScorerLocator {
  /**
   * Asks the platform, as this user.
   *
   * @throws {ScoringError} code `SCORER_NOT_READY`: the deployment has no address yet
   */
  locate(deployment: ScorableRef, options: LocateOptions): Promise<ScorerLocation>;
}

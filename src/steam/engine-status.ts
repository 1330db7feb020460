/**
 * What the states of Steam mean for a wait. Pure.
 */
import type { Look, Verdict } from '../running-engine/wait.js';

/** The states that are known; others pass through as they are. */
export type SteamStatus =
  'starting' | 'connecting' | 'running' | 'stopping' | 'stopped' | 'failed' | 'terminating' | 'terminated' | (string & {});

interface Seen {
  readonly status: SteamStatus;
  readonly targetStatus: SteamStatus;
  readonly stopReason?: string | undefined;
}

/** A status alone says nothing: after a stop, Steam goes on saying `running` for a while, and only its target has changed. */
export function lookAt({ status, targetStatus, stopReason }: Seen, wanted: string): Look {
  return { status, targetStatus, stopReason, verdict: verdictOn(status, targetStatus, wanted) };
}

function verdictOn(status: string, target: string, wanted: string): Verdict {
  if (status === wanted && (target === wanted || target === '')) return 'arrived';
  if (status === 'failed' || status === 'terminated' || (target === 'terminated' && wanted !== 'terminated')) return 'hopeless';
  return status === target ? 'settled' : 'moving';
}

/**
 * What the states of AI Engine Manager mean for a wait. Pure.
 */
import type { Look, Verdict } from '../running-engine/wait.js';

/** The states that are known; others pass through as they are. */
export type EngineState =
  | 'STARTING'
  | 'CONNECTING'
  | 'RUNNING'
  | 'PAUSING'
  | 'PAUSED'
  | 'TERMINATING'
  | 'TERMINATED'
  | 'FAILED'
  | 'DELETING'
  | 'UNSPECIFIED'
  | (string & {});

const final = new Set<string>(['FAILED', 'DELETING', 'TERMINATED']);
const resting = new Set<string>(['RUNNING', 'PAUSED']);

/** States come with a prefix. */
export function stateOf(wire: string | null | undefined): EngineState {
  return (wire ?? 'UNSPECIFIED').replace(/^STATE_/, '');
}

/** The service may not have begun with what it was asked for, so a state is compared with the wanted one and not taken for an end. */
export function lookAt({ state, reconciling }: { readonly state: EngineState; readonly reconciling: boolean }, wanted: string): Look {
  return { status: state, verdict: verdictOn(state, reconciling, wanted) };
}

function verdictOn(state: string, reconciling: boolean, wanted: string): Verdict {
  if (state === wanted) return 'arrived';
  if (final.has(state)) return state === 'FAILED' && reconciling ? 'moving' : 'hopeless';
  return resting.has(state) && !reconciling ? 'settled' : 'moving';
}

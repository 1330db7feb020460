/**
 * From an artifact's bytes to a model that can be asked. Read once: reading takes longer than a status call may.
 */
import { readMojo } from './mojo/mojo.js';
import type { Mojo } from './mojo/mojo.js';
import { MojoError } from './mojo/mojo-error.js';
import { bytesOf } from './state.js';
import type { Artifact } from './state.js';

export type ModelOutcome = { readonly mojo: Mojo } | { readonly failure: string };

const loaded = new WeakMap<Artifact, ModelOutcome>();

/** The model in an artifact, or why there is none. */
export function loadModel(artifact: Artifact | undefined): ModelOutcome {
  if (artifact?.uploaded === undefined) return { failure: 'the artifact of the experiment is not there' };
  const known = loaded.get(artifact);
  if (known !== undefined) return known;
  const outcome = readModel(artifact);
  loaded.set(artifact, outcome);
  return outcome;
}

function readModel(artifact: Artifact): ModelOutcome {
  try {
    return { mojo: readMojo(bytesOf(artifact)) };
  } catch (error) {
    if (error instanceof MojoError) return { failure: error.message };
    throw error;
  }
}

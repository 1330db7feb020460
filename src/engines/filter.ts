/**
 * Filters of AI Engine Manager (AIP-160), written from what is looked for. Pure.
 */
import { invalidParameter } from '../errors/configuration-error.js';

/** What a list of engines looks for. */
export interface EngineFilter {
  /** For instance `RUNNING`. */
  readonly state?: string | undefined;
  /** Exactly this display name. */
  readonly name?: string | undefined;
  /** Display name of who created it. */
  readonly creatorName?: string | undefined;
}

/** @throws {ConfigurationError} the state is no word */
export function filterText({ state, name, creatorName }: EngineFilter): string {
  const terms: string[] = [];
  if (state !== undefined) terms.push(`state = STATE_${word(state)}`);
  if (name !== undefined) terms.push(`display_name = ${quoted(name)}`);
  if (creatorName !== undefined) terms.push(`creator_display_name = ${quoted(creatorName)}`);
  return terms.join(' AND ');
}

/** A star matches anything and cannot be written otherwise, so that what comes is compared once more. */
export function fitsFilter(
  engine: { readonly state: string; readonly name: string; readonly creatorName: string },
  { state = engine.state, name = engine.name, creatorName = engine.creatorName }: EngineFilter,
): boolean {
  return engine.state === state && engine.name === name && engine.creatorName === creatorName;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function word(state: string): string {
  if (/^[A-Z][A-Z_]*$/.test(state)) return state;
  throw invalidParameter('The state is no word in capital letters.', 'Pass for instance RUNNING or PAUSED.');
}

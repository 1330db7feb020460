/**
 * What a scorer can do beyond scoring, asked before a request is sent: the answers of those that cannot differ from server to server.
 * Pure.
 */
import { ScoringError } from '../errors/scoring-error.js';
import type { ShapleyValueType } from './contract.js';

/** What a call needs of a scorer. */
export interface Demands {
  readonly contributions?: 'NONE' | ShapleyValueType | undefined;
  readonly predictionIntervals?: boolean | undefined;
  readonly media?: boolean | undefined;
}

/** The capabilities that a call needs, as the contract names them; none for plain scoring. */
export function neededCapabilities({ contributions = 'NONE', predictionIntervals = false, media = false }: Demands): readonly string[] {
  return [
    ...(contributions === 'NONE' ? [] : [`CONTRIBUTION_${contributions}`]),
    ...(predictionIntervals ? ['SCORE_PREDICTION_INTERVAL'] : []),
    ...(media ? ['MEDIA'] : []),
  ];
}

/** @throws {ScoringError} code `SCORING_UNSUPPORTED`: a needed capability is not among those that the scorer has */
export function checkCapabilities(needed: readonly string[], offered: readonly string[]): void {
  const lacking = needed.filter((name) => !offered.includes(name));
  if (lacking.length === 0) return;
  // What a scorer tells of itself is text from outside; the names that the contract knows are all of this form.
  const known = offered.filter((name) => /^[A-Z_]{1,60}$/.test(name));
  throw new ScoringError({
    code: 'SCORING_UNSUPPORTED',
    what: `The scorer lacks ${lacking.join(' and ')}, which this call needs.`,
    fix: `Nothing was sent. It can do: ${known.join(', ') || 'nothing that is known'}. Ask for less, or deploy the model with a runtime and settings that have it.`,
    call: 'capabilities',
  });
}

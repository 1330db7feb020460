/**
 * A row of the report: a figure, what it is compared with, and the budget it should keep.
 */
import type { Comparison } from './measure.js';

export interface Row {
  readonly name: string;
  readonly unit: string;
  /** `null`: not measured, and `note` says why. */
  readonly ours: number | null;
  readonly baseline: number | null;
  readonly ratio: number | null;
  /** For instance `ratio <= 1.45`; `null` for rows that only inform. */
  readonly target: string | null;
  readonly met: boolean | null;
  readonly note?: string;
}

/** A budget on the figure itself (`ours`) or on its ratio to the baseline. */
export interface Target {
  readonly of: 'ours' | 'ratio';
  readonly atMost?: number;
  readonly atLeast?: number;
}

interface Figures extends Partial<Comparison> {
  readonly name: string;
  readonly unit: string;
  readonly target?: Target;
  readonly note?: string;
}

export function toRow({ name, unit, ours, baseline, ratio, target, note }: Figures): Row {
  return {
    name,
    unit,
    ours: ours ?? null,
    baseline: baseline ?? null,
    ratio: ratio ?? null,
    target: target === undefined ? null : textOf(target),
    met: target === undefined ? null : isMet(target, target.of === 'ours' ? ours : ratio),
    ...(note === undefined ? {} : { note }),
  };
}

function isMet({ atMost, atLeast }: Target, figure: number | undefined): boolean | null {
  if (figure === undefined) return null;
  return figure <= (atMost ?? Infinity) && figure >= (atLeast ?? -Infinity);
}

function textOf({ of, atMost, atLeast }: Target): string {
  return atMost === undefined ? `${of} >= ${atLeast ?? 0}` : `${of} <= ${atMost}`;
}

/**
 * How many rows to send at a time: the batch that gives the most rows a second differs a hundredfold between scorers. Some need a
 * fixed time for a request whatever is in it, some as long as there are rows, and the work of H2O's own Java scorer grows with the
 * square of the batch. So the size is doubled while that pays, and halved while that does, and after a rest both are tried again,
 * since a scorer may change. Pure: it sees how long batches took, never a clock or a network.
 */

/** What is known of a scorer so far. */
export interface Sizing {
  /** Rows to send at a time from now on. */
  readonly rows: number;
  /** The best size so far, and its rows a millisecond for each batch under way. */
  readonly best: { readonly rows: number; readonly rate: number } | undefined;
  /** Which way the size that is being measured lies from the best one; `rest` is at the best one. */
  readonly going: 'up' | 'down' | 'rest';
  /** Whether the other way has been tried from the best size already. */
  readonly turned: boolean;
  /** Rates that were measured at this size. */
  readonly rates: readonly number[];
  /** Batches still to come that were made before this size, or that shared the scorer with such. */
  readonly stale: number;
  /** Batches to rest for before another size is tried. */
  readonly rest: number;
}

/** One batch that was scored. */
export interface BatchMeasure {
  readonly rows: number;
  /** Whether it holds fewer rows than it should, because they would be too many bytes. */
  readonly isCut: boolean;
  readonly durationMs: number;
}

export interface SizeLimits {
  /** Most rows in a batch. */
  readonly maxRows: number;
  /** Batches under way at a time. */
  readonly concurrency: number;
}

const firstRows = 128;
/** Less than that is noise, and smaller batches are kinder to memory. */
const worthwhile = 1.04;
/** A scorer that has become so much slower is another scorer. */
const collapse = 0.5;
const firstRest = 32;
const longestRest = 512;

export function startSizing({ maxRows }: SizeLimits): Sizing {
  const rows = Math.min(firstRows, maxRows);
  return { rows, best: undefined, going: 'up', turned: false, rates: [], stale: 0, rest: firstRest };
}

/** What to do after a batch of this size was scored. */
export function afterBatch(sizing: Sizing, batch: BatchMeasure, limits: SizeLimits): Sizing {
  // The end of a source and what was made before the last decision say nothing of this size.
  if (batch.rows !== sizing.rows && !batch.isCut) return sizing;
  if (sizing.stale > 0) return { ...sizing, stale: sizing.stale - 1 };
  const rates = [...sizing.rates, batch.rows / Math.max(batch.durationMs, 0.001)];
  if (sizing.going === 'rest') return afterRest({ ...sizing, rates }, limits);
  if (rates.length < limits.concurrency + 1) return { ...sizing, rates };
  return judge({ ...sizing, rates }, median(rates), limits);
}

/** A batch did not come back in time, or was too large for the scorer: a quarter of it is next, and what was measured is forgotten. */
export function afterOverload(sizing: Sizing, rows: number, limits: SizeLimits): Sizing {
  if (rows > sizing.rows) return sizing;
  const smaller = Math.max(1, Math.floor(sizing.rows / 4));
  return { ...startSizing(limits), rows: smaller, going: 'down', turned: true, stale: limits.concurrency };
}

function judge(sizing: Sizing, rate: number, limits: SizeLimits): Sizing {
  const { best, rows, going } = sizing;
  if (best === undefined || rate > best.rate * worthwhile) {
    const found = { ...sizing, best: { rows, rate }, turned: best === undefined ? sizing.turned : true };
    // What has paid once may pay again.
    return tryFrom(found, going === 'down' ? 'down' : 'up', limits);
  }
  return sizing.turned ? restAt(sizing, limits) : tryFrom({ ...sizing, turned: true }, going === 'up' ? 'down' : 'up', limits);
}

/** Measures the next size that way from the best one, or the other way if that one is out of bounds. */
function tryFrom(sizing: Sizing, way: 'up' | 'down', limits: SizeLimits): Sizing {
  const from = sizing.best?.rows ?? sizing.rows;
  const rows = way === 'up' ? Math.min(from * 2, limits.maxRows) : Math.max(1, Math.floor(from / 2));
  if (rows !== from) return { ...sizing, rows, going: way, rates: [], stale: limits.concurrency };
  if (sizing.turned) return restAt(sizing, limits);
  return tryFrom({ ...sizing, turned: true }, way === 'up' ? 'down' : 'up', limits);
}

function restAt(sizing: Sizing, limits: SizeLimits): Sizing {
  const rows = sizing.best?.rows ?? sizing.rows;
  return { ...sizing, rows, going: 'rest', rates: [], stale: rows === sizing.rows ? 0 : limits.concurrency };
}

function afterRest(sizing: Sizing, limits: SizeLimits): Sizing {
  const { rates, rest, best } = sizing;
  const lately = rates.slice(-2 * limits.concurrency);
  const rate = median(lately);
  const hasCollapsed = best !== undefined && lately.length === 2 * limits.concurrency && rate < best.rate * collapse;
  if (rates.length < rest && !hasCollapsed) return sizing;
  const longer = hasCollapsed ? firstRest : Math.min(rest * 2, longestRest);
  // What the best size gives now is what others are compared with.
  return tryFrom({ ...sizing, best: { rows: sizing.rows, rate }, turned: false, rest: longer }, hasCollapsed ? 'down' : 'up', limits);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * How many rows to send at a time: the batch that gives the most rows a second differs a hundredfold between scorers. Some need a
 * fixed time for a request whatever is in it, some as long as there are rows, and the work of H2O's own Java scorer grows with the
 * square of the batch. So the size is doubled while that pays, and halved while that does. After a rest smaller steps are tried both
 * ways, again and again, since a scorer may change. Pure: it is told when batches were done, and sees neither a clock nor a network.
 */

/** What is known of a scorer so far. */
export interface Sizing {
  /** Rows to send at a time from now on. */
  readonly rows: number;
  /** The best size so far, and its rows a millisecond. */
  readonly best: { readonly rows: number; readonly rate: number } | undefined;
  /** Which way the size that is being measured lies from the best one; `rest` is at the best one. */
  readonly going: 'up' | 'down' | 'rest';
  /** Whether the other way has been tried from the best size already. */
  readonly turned: boolean;
  /** Batches still to come that were made before this size was chosen. */
  readonly stale: number;
  /** What was done at this size since it is measured. */
  readonly window: Window | undefined;
  /** Rows a millisecond in each window of this rest. */
  readonly rates: readonly number[];
  /** Windows to rest for before another size is tried. */
  readonly rest: number;
  /** Whether it has rested: before that it takes large steps and quick looks, so that short streams reach a good size too. */
  readonly isSettled: boolean;
}

interface Window {
  readonly since: number;
  readonly batches: number;
  readonly rows: number;
}

/** One batch that was scored. */
export interface BatchMeasure {
  readonly rows: number;
  /** Whether it holds fewer rows than it should, because they would be too many bytes. */
  readonly isCut: boolean;
  /** When it was done, in milliseconds. */
  readonly at: number;
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
/** Batches of fast scorers are done in less than a pause of the garbage collector: many of them are measured together. */
const looks = { quick: { ms: 40, rounds: 1, step: 2 }, careful: { ms: 120, rounds: 2, step: Math.SQRT2 } };
const firstRest = 3;
const longestRest = 64;

export function startSizing({ maxRows }: SizeLimits): Sizing {
  const rows = Math.min(firstRows, maxRows);
  return { rows, best: undefined, going: 'up', turned: false, stale: 0, window: undefined, rates: [], rest: firstRest, isSettled: false };
}

/**
 * What to do after a batch of this size was scored. What counts is how many rows are done in a time, not how long each batch takes:
 * batches of a client that is busy itself wait for it, and look slow.
 */
export function afterBatch(sizing: Sizing, batch: BatchMeasure, limits: SizeLimits): Sizing {
  if (sizing.stale > 0) return { ...sizing, stale: sizing.stale - 1, window: windowFrom(batch.at) };
  // A batch of another size is the end of a source, or one that pauses: what was measured until then is of no use.
  if (sizing.window === undefined || (batch.rows !== sizing.rows && !batch.isCut)) return { ...sizing, window: windowFrom(batch.at) };
  const { since, ...before } = sizing.window;
  const window = { since, batches: before.batches + 1, rows: before.rows + batch.rows };
  const elapsedMs = batch.at - since;
  const { ms, rounds } = lookOf(sizing);
  if (window.batches < rounds * limits.concurrency || elapsedMs < ms) return { ...sizing, window };
  const rate = window.rows / elapsedMs;
  const measured = { ...sizing, window: windowFrom(batch.at) };
  return sizing.going === 'rest' ? afterRest({ ...measured, rates: [...sizing.rates, rate] }, limits) : judge(measured, rate, limits);
}

function lookOf({ isSettled }: Sizing): (typeof looks)[keyof typeof looks] {
  return isSettled ? looks.careful : looks.quick;
}

function windowFrom(since: number): Window {
  return { since, batches: 0, rows: 0 };
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
  const { step } = lookOf(sizing);
  const rows = way === 'up' ? Math.min(Math.ceil(from * step), limits.maxRows) : Math.max(1, Math.floor(from / step));
  if (rows !== from) return { ...sizing, rows, going: way, stale: limits.concurrency };
  if (sizing.turned) return restAt(sizing, limits);
  return tryFrom({ ...sizing, turned: true }, way === 'up' ? 'down' : 'up', limits);
}

function restAt(sizing: Sizing, limits: SizeLimits): Sizing {
  const rows = sizing.best?.rows ?? sizing.rows;
  return { ...sizing, rows, going: 'rest', isSettled: true, rates: [], stale: rows === sizing.rows ? 0 : limits.concurrency };
}

function afterRest(sizing: Sizing, limits: SizeLimits): Sizing {
  const { rates, rest, best } = sizing;
  // Once may be a pause of the source, or of who takes the results.
  const hasCollapsed = best !== undefined && rates.length > 1 && rates.slice(-2).every((rate) => rate < best.rate * collapse);
  if (rates.length < rest && !hasCollapsed) return sizing;
  const rate = median(hasCollapsed ? rates.slice(-2) : rates);
  const longer = hasCollapsed ? firstRest : Math.min(rest * 2, longestRest);
  // What the best size gives now is what others are compared with.
  return tryFrom({ ...sizing, best: { rows: sizing.rows, rate }, turned: false, rest: longer, isSettled: !hasCollapsed }, 'down', limits);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * How figures are taken: ours and the baseline in turn within one run, a warm-up first, medians over rounds.
 * A shared machine drifts, so the ratio is taken within each round before its median is. Knows nothing of what is measured.
 */
import { setImmediate } from 'node:timers/promises';

export interface Comparison {
  readonly ours: number;
  readonly baseline: number;
  readonly ratio: number;
}

export type Measurement = () => Promise<number>;

/** Which way round a round goes alternates, so that neither side always profits from what the other has warmed. */
export async function compare(rounds: number, ours: Measurement, baseline: Measurement): Promise<Comparison> {
  await ours();
  await baseline();
  const pairs: { readonly ours: number; readonly baseline: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await ours();
      pairs.push({ ours: first, baseline: await baseline() });
    } else {
      const first = await baseline();
      pairs.push({ ours: await ours(), baseline: first });
    }
  }
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    baseline: median(pairs.map((pair) => pair.baseline)),
    ratio: median(pairs.map((pair) => pair.ours / pair.baseline)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** CPU microseconds of this process, user and system, for each of `count` calls, `concurrency` of them under way at a time. */
export async function cpuMicrosPerCall(call: () => Promise<unknown>, count: number, concurrency: number): Promise<number> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  const start = process.cpuUsage();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

/** Wall nanoseconds for each of `count` calls, one after the other. */
export async function nanosPerCall(call: () => unknown, count: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index++) await call();
  return Number(process.hrtime.bigint() - start) / count;
}

/**
 * Wall milliseconds of a call that is left alone: the lower quartile of `count` of them. For work that makes much garbage, which is
 * otherwise collected in whatever call comes next.
 */
export async function quietMillisPerCall(call: () => Promise<unknown>, count: number): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < count; index++) {
    await setImmediate();
    const start = performance.now();
    await call();
    samples.push(performance.now() - start);
  }
  return samples.sort((one, other) => one - other)[Math.floor(count / 4)]!;
}

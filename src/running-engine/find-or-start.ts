/**
 * One running engine for a program that asks for one: found, waited for, started or made, whichever is the least.
 */
import { ConflictError } from '../errors/api-error.js';
import { addCreated } from '../errors/base.js';
import { callback, checkMembers, memberOf, text, wholeNumber, type Kind } from '../http/given.js';
import { waitingKinds, type RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import type { Clock } from '../internal/clock.js';
import type { EngineConnection } from './connection.js';
import type { EngineOrder, EngineSource, FoundEngine } from './source.js';
import type { EngineWaitOptions } from './wait.js';

const orderKinds: Readonly<Record<string, Kind>> = {
  kind: { name: "'driverlessai' or 'h2o3'", accepts: (value) => value === 'driverlessai' || value === 'h2o3' },
  name: text,
  version: text,
  profile: text,
  nodeCount: wholeNumber,
  cpuCount: wholeNumber,
  gpuCount: wholeNumber,
  memoryGb: wholeNumber,
  storageGb: wholeNumber,
  maxIdleHours: wholeNumber,
  maxUptimeHours: wholeNumber,
};
const through: Kind = { name: "'engines' or 'steam'", accepts: (value) => value === 'engines' || value === 'steam' };
const phases: readonly FoundEngine['phase'][] = ['running', 'starting', 'resting'];
const defaultTimeoutMs = 900_000;

/** @throws {ConfigurationError} a parameter or an option makes no sense */
export function checkEngineOrder(order: EngineOrder, options: EngineWaitOptions): void {
  checkMembers(order, 'engine()', orderKinds);
  // The kind may not be left out.
  checkMembers({ kind: memberOf(order, 'kind') ?? '' }, 'engine()', orderKinds);
  checkMembers(options, 'The options of engine()', { ...waitingKinds, onProgress: callback, through });
}

/**
 * @throws {EngineError} the engine failed, or does not run in time
 * @throws {TimeoutError} `timeoutMs` ended before there was an engine to wait for
 */
export async function findOrStart(
  clock: Clock,
  source: EngineSource,
  order: EngineOrder,
  { onProgress, ...options }: EngineWaitOptions,
): Promise<EngineConnection> {
  const { timeoutMs = defaultTimeoutMs } = options;
  const start = clock.monotonic();
  const remainingMs = (): number => Math.max(1, timeoutMs - (clock.monotonic() - start));
  const call = { name: 'engine', safe: false };
  const within = { ...options, timeoutMs };

  const { ref, made } = await withTotalDeadline(clock, call, within, (each) => obtain(source, order, { ...each, onProgress }));
  try {
    await source.waitUntilRunning(ref, { signal: options.signal, timeoutMs: remainingMs(), onProgress });
    return await source.connection(ref, { signal: options.signal, timeoutMs: remainingMs() });
  } catch (error) {
    if (made) addCreated(error, [{ kind: 'engine', id: String(ref) }]);
    throw error;
  }
}

/** An engine that runs or will run; a new one only where there is none. */
async function obtain(
  source: EngineSource,
  order: EngineOrder,
  wait: EngineWaitOptions,
): Promise<{ readonly ref: string | number; readonly made: boolean }> {
  const options: RequestOptions = { signal: wait.signal, timeoutMs: wait.timeoutMs };
  const found = await bestOf(source, order, wait);
  if (found !== undefined) return { ref: found, made: false };
  try {
    return { ref: await source.create(order, { isSecond: false }, options), made: true };
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    // Somebody was faster, perhaps another process of this app: theirs serves as well.
    const theirs = await bestOf(source, order, wait);
    if (theirs !== undefined) return { ref: theirs, made: false };
    return { ref: await source.create(order, { isSecond: true }, options), made: true };
  }
}

async function bestOf(
  source: EngineSource,
  order: EngineOrder,
  { onProgress, ...options }: EngineWaitOptions,
): Promise<string | number | undefined> {
  const engines = await source.find(order, options);
  for (const phase of phases) {
    const best = engines.find((engine) => engine.phase === phase);
    if (best === undefined) continue;
    if (phase === 'resting') await source.start(best.ref, { ...options, onProgress });
    return best.ref;
  }
  return undefined;
}

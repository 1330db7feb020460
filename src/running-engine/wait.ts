/**
 * Waiting for an engine to be where it should: what Steam and AI Engine Manager have in common. What a state means is theirs to say.
 */
import { EngineError, type EngineEvent, type ObservedEngineState } from '../errors/engine-error.js';
import { callback, checkMembers } from '../http/given.js';
import { poll } from '../http/poller.js';
import { waitingKinds } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';

/** What `onProgress` of a wait is told. */
export interface EngineProgress {
  readonly status: string;
  /** Where the service wants it to be, where it says so. */
  readonly targetStatus?: string;
  readonly elapsedMs: number;
  readonly remainingMs: number;
}

export interface EngineWaitOptions {
  /** How long to wait in all, in milliseconds. Default fifteen minutes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each look; what it throws ends the wait. */
  readonly onProgress?: ((progress: EngineProgress) => void) | undefined;
}

/**
 * What a look came to. `settled` is another state than the wanted one in which nothing moves: the service may not have begun yet,
 * so it ends the wait only when it stays.
 */
export type Verdict = 'arrived' | 'moving' | 'settled' | 'hopeless';

/** One look at an engine. */
export interface Look {
  readonly status: string;
  readonly targetStatus?: string | undefined;
  readonly verdict: Verdict;
  readonly stopReason?: string | undefined;
}

export interface EngineWait<Engine> {
  /** Which engine, as its service names it. */
  readonly engine: string;
  readonly wanted: string;
  read(remainingMs: number): Promise<Engine>;
  readonly look: (engine: Engine) => Look;
  /** What the service noted about it; asked when the wait ends badly. */
  readonly events?: () => Promise<readonly EngineEvent[]>;
  readonly clock: Clock;
}

const defaultTimeoutMs = 900_000;
/** How long an engine may stay elsewhere before nobody is believed to be moving it. */
const patienceMs = 30_000;
const mostEvents = 10;
const unmoved = 'Nothing moves it: ask the service for that first, then wait; or somebody else has changed it meanwhile.';

/**
 * @throws {EngineError} ENGINE_FAILED: it cannot get there; ENGINE_WAIT_TIMEOUT: the time is up
 * @throws {ConfigurationError} an option is of the wrong type
 */
export async function waitForEngine<Engine>(wait: EngineWait<Engine>, options: EngineWaitOptions): Promise<Engine> {
  checkMembers(options, 'The options of waitUntil()', { ...waitingKinds, onProgress: callback });
  const { clock, engine: name, wanted } = wait;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const start = clock.monotonic();
  const elapsed = (): number => Math.round(clock.monotonic() - start);
  const history: ObservedEngineState[] = [];
  let settledSince: number | undefined;

  const failure = (look: Look): EngineError =>
    new EngineError({
      code: 'ENGINE_FAILED',
      engine: name,
      history,
      stopReason: look.stopReason,
      what: `${name} is ${look.status} and will not be ${wanted} (${pathOf(history)})${reasonOf(look)}.`,
      fix:
        look.verdict === 'hopeless'
          ? 'Look at the events of the error and correct what they name; then start it again, or make another one.'
          : unmoved,
      call: 'waitUntil',
    });
  const isDone = (engine: Engine): boolean => {
    const look = wait.look(engine);
    const elapsedMs = elapsed();
    options.onProgress?.({ ...stateOf(look), elapsedMs, remainingMs: Math.max(0, timeoutMs - elapsedMs) });
    settledSince = look.verdict === 'settled' ? (settledSince ?? elapsedMs) : undefined;
    const isOver = look.verdict === 'hopeless' || (settledSince !== undefined && elapsedMs - settledSince >= patienceMs);
    if (isOver) throw failure(look);
    return look.verdict === 'arrived';
  };
  const onDeadline = (last: Engine | undefined): EngineError => {
    const look = last === undefined ? undefined : wait.look(last);
    const seen = look === undefined ? 'its state could not be read' : `it is ${look.status} (${pathOf(history)})`;
    return new EngineError({
      code: 'ENGINE_WAIT_TIMEOUT',
      engine: name,
      history,
      what: `${name} was not ${wanted} within ${timeoutMs} ms: ${seen}.`,
      fix: look?.verdict === 'settled' ? unmoved : 'Wait again with a larger `timeoutMs`: the engine goes on by itself.',
      call: 'waitUntil',
      retryable: true,
    });
  };

  try {
    return await poll({
      clock,
      timeoutMs,
      signal: options.signal,
      async look(remainingMs) {
        const engine = await wait.read(remainingMs);
        note(history, wait.look(engine), elapsed());
        return engine;
      },
      isDone,
      onDeadline,
    });
  } catch (error) {
    if (error instanceof EngineError) await addEvents(error, wait.events);
    throw error;
  }
}

/** The events tell more than the state; where they cannot be had, the error stands without them. */
async function addEvents(error: EngineError, read: EngineWait<unknown>['events']): Promise<void> {
  const events = await read?.().catch(() => []);
  if (events === undefined || events.length === 0) return;
  const latest = events.slice(-mostEvents);
  const said = latest.map(({ level, message }) => `\n  ${level}: ${message}`).join('');
  Object.assign(error, { events: latest, message: `${error.message}${said}` });
}

function stateOf({ status, targetStatus }: Look): { readonly status: string; readonly targetStatus?: string } {
  return { status, ...(targetStatus === undefined ? {} : { targetStatus }) };
}

function note(history: ObservedEngineState[], look: Look, afterMs: number): void {
  const last = history.at(-1);
  if (last?.status === look.status && last.targetStatus === look.targetStatus) return;
  history.push({ ...stateOf(look), afterMs });
}

function pathOf(history: readonly ObservedEngineState[]): string {
  return history
    .map(
      ({ status, targetStatus, afterMs }) => `${status}${targetStatus === undefined ? '' : `, to be ${targetStatus},`} after ${afterMs} ms`,
    )
    .join('; ');
}

function reasonOf({ stopReason }: Look): string {
  return stopReason === undefined ? '' : `: ${stopReason}`;
}

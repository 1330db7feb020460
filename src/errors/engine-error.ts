/**
 * Errors of engines (Driverless AI, H2O-3): those that fail, those that take too long, and those that do not run.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';

/** One state that an engine was seen in. */
export interface ObservedEngineState {
  readonly status: string;
  /** Where the service wants it to be, where it says so. */
  readonly targetStatus?: string;
  /** Milliseconds since the wait began. */
  readonly afterMs: number;
}

/** Something that the service noted about an engine. */
export interface EngineEvent {
  readonly level: string;
  readonly message: string;
  /** RFC 3339. */
  readonly createdAt?: string;
}

interface EngineFacts extends ErrorFacts<'ENGINE_FAILED' | 'ENGINE_NOT_RUNNING' | 'ENGINE_WAIT_TIMEOUT'> {
  readonly engine: string;
  readonly history?: readonly ObservedEngineState[];
  readonly stopReason?: string | undefined;
  readonly events?: readonly EngineEvent[];
}

/** An engine has failed, does not run, or is not where it should be in time; the code says which. */
export class EngineError extends H2OCloudError {
  static override readonly kind: string = 'EngineError';
  override readonly name: string = 'EngineError';
  /** Which engine, as its service names it. */
  readonly engine: string;
  /** The states that were seen, oldest first. */
  readonly history: readonly ObservedEngineState[];
  /** Why the service stopped it, where it says so. */
  readonly stopReason: string | undefined;
  /** What the service noted last, where it keeps such notes. */
  readonly events: readonly EngineEvent[];

  constructor(facts: EngineFacts) {
    super(facts);
    this.engine = facts.engine;
    this.history = facts.history ?? [];
    this.stopReason = facts.stopReason;
    this.events = facts.events ?? [];
  }
}

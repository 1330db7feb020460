/**
 * What `onCall` is told: one union of events for metrics. Never a URL, a header, a body or an identity.
 */

/** One attempt of one call of a service. */
export interface ServiceCallEvent {
  readonly type: 'call';
  readonly service: string;
  /** The operation as the service names it, for instance `CreateDeployment`. */
  readonly call: string;
  readonly method: string;
  /** The path template, for instance `/v2/{deployment}/status`. */
  readonly route: string;
  readonly requestId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The HTTP status; absent when no answer came. */
  readonly status?: number;
  readonly outcome: 'ok' | 'error' | 'aborted';
  readonly durationMs: number;
}

/** One request to an identity provider. */
export interface TokenEvent {
  readonly type: 'token';
  readonly grant: 'refresh_token' | 'token_exchange' | 'client_credentials' | 'wave_session';
  readonly outcome: 'ok' | 'error';
  readonly durationMs: number;
}

export type CallEvent = ServiceCallEvent | TokenEvent;

/** Receives events; what it throws is dropped. */
export type CallListener = (event: CallEvent) => void;

/** A listener that cannot break the work it watches. */
export function fencedListener(listener: CallListener | undefined): CallListener {
  return (event) => {
    try {
      listener?.(event);
    } catch {
      // Metrics must not fail a call.
    }
  };
}

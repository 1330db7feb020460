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

/** One request for a token: to an identity provider, or to Wave. */
export interface TokenEvent {
  readonly type: 'token';
  readonly grant: 'refresh_token' | 'token_exchange' | 'client_credentials' | 'wave_session';
  readonly outcome: 'ok' | 'error';
  readonly durationMs: number;
}

/** One time that a call, or the app, asked a credential for a token. */
export interface TokenUseEvent {
  readonly type: 'tokenUse';
  readonly credential: CredentialKind;
  /** `cached`: the token was there. `waited`: it came from a request, a new one or one under way, or from the token store. */
  readonly outcome: 'cached' | 'waited' | 'failed' | 'aborted';
  /** How long the caller waited; 0 for a cached token. */
  readonly durationMs: number;
}

/** What a user's tokens come from. */
export type CredentialKind = 'refresh_token' | 'token_exchange' | 'client_credentials' | 'wave_session' | 'function';

export type CallEvent = ServiceCallEvent | TokenEvent | TokenUseEvent;

/** Receives events; what it throws is dropped. */
export type CallListener = (event: CallEvent) => void;

const nobody: CallListener = () => undefined;

/** A listener that cannot break the work it watches. */
export function fencedListener(listener: CallListener | undefined): CallListener {
  if (listener === undefined || listener === nobody) return nobody;
  return (event) => {
    try {
      listener(event);
    } catch {
      // Metrics must not fail a call.
    }
  };
}

/** Reports how a caller got a token. */
export type TokenUseReport = (outcome: TokenUseEvent['outcome'], durationMs: number) => void;

/** The report of one kind of credential; undefined when nobody listens, since tokens that are there should cost next to nothing. */
export function tokenUseReport(listener: CallListener | undefined, credential: CredentialKind): TokenUseReport | undefined {
  const report = fencedListener(listener);
  if (report === nobody) return undefined;
  return (outcome, durationMs) => {
    report({ type: 'tokenUse', credential, outcome, durationMs });
  };
}

/**
 * What Wave tells an app: the events, and how they are read from the bodies that carry them. Pure.
 */
import type { WaveHeaders } from '../identity/wave/headers.js';

/** The user behind an event. */
export interface WaveUser {
  /** The user's `sub` at the identity provider; `anon` where nobody signs in. */
  readonly subject: string;
  readonly username: string;
  /** Whether there is no user in whose name anything can be called. */
  readonly isAnonymous: boolean;
}

/** Something that happened in a browser. */
export interface WaveEvent {
  /** A tab has opened the app (`first`), the user has done something (`action`), the tab is gone (`disconnect`), the user has signed out (`logout`). */
  readonly kind: 'first' | 'action' | 'disconnect' | 'logout';
  /** What the browser sent, unchecked; events of cards stand under the empty name. Empty for `disconnect` and `logout`. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Proof of who the user is, for `cloud.onBehalfOf(event)`. Prints nothing. */
  readonly headers: WaveHeaders;
  readonly user: WaveUser;
}

/** The event in a body; `undefined` where there is none that can be read. */
export function readWaveEvent(body: string, headers: WaveHeaders): WaveEvent | undefined {
  const message = parsed(body);
  if (!isRecord(message) || !isRecord(message['data'])) return undefined;
  const kind = kindOf(message, message['data'], headers);
  const { subject, username, isAnonymous } = headers;
  const args = kind === 'first' || kind === 'action' ? message['data'] : {};
  return { kind, args, headers, user: { subject, username, isAnonymous } };
}

function kindOf(message: JsonRecord, data: JsonRecord, headers: WaveHeaders): WaveEvent['kind'] {
  // Beside `data`, all of which a browser may write, only Wave writes.
  if (isRecord(message['headers'])) return 'first';
  const system = isRecord(data['']) ? data['']['@system'] : undefined;
  if (!isRecord(system)) return 'action';
  if (system['client_disconnect'] === true) return 'disconnect';
  // A real sign-out names no tab; one that a browser made up does.
  return system['logout'] === true && headers.clientId === undefined ? 'logout' : 'action';
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

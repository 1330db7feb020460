/**
 * The sessions of one app's users: every request of a session meets the same tokens, whoever else is signed in. Sessions that signed
 * out are remembered, since Wave may go on sending their events. Keyed by the session id alone, and by nothing that a browser chooses.
 */
import { AuthenticationError, SignInRequiredError } from '../../errors/authentication-error.js';
import { AgedMap } from '../../internal/aged-map.js';
import type { CallListener } from '../../internal/call-event.js';
import type { Clock } from '../../internal/clock.js';
import type { Credential } from '../../internal/credential.js';
import type { Secret } from '../../internal/secret.js';
import { EndableCredential } from '../endable.js';
import { fingerprint } from '../fingerprint.js';
import { staticTokenCredential } from '../static-token.js';
import { fitsIntoHeader } from '../token-answer.js';
import type { WaveHeaders } from './headers.js';
import { otherSubject, WaveSession } from './session.js';

export interface WaveSessionsPorts {
  readonly clock: Clock;
  /** Asks Wave which token a session holds. */
  readonly ask: (sessionId: Secret) => Promise<string>;
  /** Lets a credential exchange its tokens, where the app can. */
  readonly exchanging: (source: Credential) => Credential;
  readonly onCall?: CallListener | undefined;
}

/** How long a session is kept that nobody uses, and how many there may be; Wave keeps its own, so a dropped one begins anew. */
const longestIdleMs = 3_600_000;
const mostSessions = 10_000;
/** As long as Wave's login cookie lives. */
const signOutMemoryMs = 30 * 24 * 3_600_000;
const mostSignOuts = 50_000;

interface Entry {
  readonly subject: string;
  readonly sessionId: Secret;
  readonly session: WaveSession;
  /** The session, with exchanged tokens where the app can have them. */
  readonly source: Credential;
  readonly credential: EndableCredential;
}

/**
 * The credentials of an app's users, by the requests of Wave.
 *
 * @example
 * const sessions = new WaveSessions({ clock: systemClock, ask: (sessionId) => askWave(waveAuth, sessionId), exchanging: (source) => source });
 * const credential = sessions.credentialOf(event.headers);
 */
export class WaveSessions {
  readonly #ports: WaveSessionsPorts;
  /** Holds sessions between the requests of their users. */
  readonly #kept: AgedMap<Entry>;
  /** Finds also those that are held by their users alone: two of one id would ask Wave at once, which can end the session. */
  readonly #alive = new Map<string, WeakRef<Entry>>();
  readonly #signedOut: AgedMap<true>;
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#alive.get(key)?.deref() === undefined) this.#alive.delete(key);
  });

  constructor(ports: WaveSessionsPorts) {
    this.#ports = ports;
    this.#kept = new AgedMap(ports.clock, longestIdleMs, mostSessions);
    this.#signedOut = new AgedMap(ports.clock, signOutMemoryMs, mostSignOuts);
  }

  /** The credential of the user behind a request. For an anonymous user, or one who may not be believed, it is one that gives no token. */
  credentialOf({ subject, accessToken, sessionId }: WaveHeaders): Credential {
    if (accessToken === undefined) return refusing(anonymousUser());
    if (!fitsIntoHeader(accessToken.value)) return refusing(unusableToken());
    if (sessionId === undefined) return this.#ports.exchanging(staticTokenCredential(accessToken, this.#ports.clock));
    const key = keyOf(sessionId);
    if (this.#signedOut.get(key) === true) return refusing(signedOut());
    const entry = this.#find(key) ?? this.#make(key, subject, sessionId);
    try {
      if (entry.subject !== subject) throw otherSubject();
      entry.session.adopt(accessToken);
    } catch (error) {
      if (!(error instanceof SignInRequiredError)) throw error;
      this.#end(key, error);
      return refusing(error);
    }
    this.#kept.set(key, entry);
    return entry.credential;
  }

  /** Ends a session: calls under way get no more tokens, and later events of it are refused. */
  signOut({ sessionId }: WaveHeaders): void {
    if (sessionId === undefined) return;
    const key = keyOf(sessionId);
    this.#signedOut.set(key, true);
    this.#end(key, signedOut());
  }

  /** How many sessions are kept beyond their requests. */
  get kept(): number {
    return this.#kept.size;
  }

  #find(key: string): Entry | undefined {
    return this.#kept.get(key) ?? this.#alive.get(key)?.deref();
  }

  #make(key: string, subject: string, sessionId: Secret): Entry {
    const { clock, ask, exchanging, onCall } = this.#ports;
    // Whoever holds the credential, or waits for Wave, holds the entry, so that it is found as long as anybody uses it.
    const session = new WaveSession({ clock, onCall, ask: () => ask(entry.sessionId) });
    const credential = new EndableCredential({ getToken: (request) => entry.source.getToken(request) });
    const entry: Entry = { subject, sessionId, session, source: exchanging(session), credential };
    this.#alive.set(key, new WeakRef(entry));
    this.#gone.register(entry, key);
    return entry;
  }

  #end(key: string, reason: SignInRequiredError): void {
    this.#find(key)?.credential.end(reason);
    this.#kept.delete(key);
    this.#alive.delete(key);
  }
}

/** A session id is a login cookie: nothing holds it longer than the session itself. */
function keyOf(sessionId: Secret): string {
  return fingerprint(['session of Wave', sessionId.reveal()]);
}

function refusing(reason: AuthenticationError): Credential {
  return { getToken: ({ signal }) => Promise.reject(signal?.aborted === true ? signal.reason : reason) };
}

function unusableToken(): AuthenticationError {
  return new AuthenticationError({
    code: 'CREDENTIAL_FAILED',
    what: 'The access token of the request has characters that no token has, or is too long.',
    fix: 'Pass the headers as Wave has sent them.',
  });
}

function signedOut(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'SESSION_ENDED',
    what: 'The user has signed out of this session.',
    fix: 'Let the user sign in again by reloading the page; a tab that was left open goes on sending events of the old session.',
  });
}

function anonymousUser(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'ANONYMOUS',
    what: 'The user is anonymous: Wave has sent no access token with the request.',
    fix: 'Let Wave sign users in: an administrator sets WaveClientID and WaveClientSecret in the App Store, and the app EnableOIDC = true in its app.toml. Single-user instances carry no token of the user.',
  });
}

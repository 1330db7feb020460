/**
 * Who a request of Wave speaks for. Wave is believed only with the app's key, and only then are its headers read.
 * Pure: it asks nobody. What a request says of Wave's refresh token is left alone: that token is Wave's to spend.
 */
import { isUtf8 } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AuthenticationError } from '../../errors/authentication-error.js';
import { AccessToken } from '../../internal/access-token.js';
import { printAs } from '../../internal/print-as.js';
import { redacted } from '../../internal/redact.js';
import { Secret } from '../../internal/secret.js';

/** The key with which Wave calls the app. */
export interface WaveAppKey {
  readonly id: string;
  readonly secret: Secret | string;
}

/** Headers as Node, `fetch`, a plain record or an event of `serveWaveApp` has them. */
type WaveHeaderSource =
  WaveHeaders | { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request that Wave has sent to the app. */
export interface WaveRequest {
  readonly headers: WaveHeaderSource;
}

/** What Wave says of the user. */
interface WaveFacts {
  readonly subject: string;
  readonly username: string;
  readonly accessToken: AccessToken | undefined;
  readonly sessionId: Secret | undefined;
  readonly clientId: Secret | undefined;
}

const anonymous = 'anon';

/** The headers of a request that has proven to come from Wave. Prints nothing of them. */
export class WaveHeaders {
  /** The user's `sub` at the identity provider; `anon` where nobody signs in. */
  readonly subject: string;
  readonly username: string;
  /** Absent for anonymous users. */
  readonly accessToken: AccessToken | undefined;
  /** The value of the user's login cookie. */
  readonly sessionId: Secret | undefined;
  /** The browser tab, as a page of Wave names it: absent in the event of a sign-out. Who knows it can join the tab's session. */
  readonly clientId: Secret | undefined;

  static {
    printAs(WaveHeaders.prototype, () => `WaveHeaders { ${redacted} }`);
  }

  /** @internal */
  constructor(facts: WaveFacts) {
    this.subject = facts.subject;
    this.username = facts.username;
    this.accessToken = facts.accessToken;
    this.sessionId = facts.sessionId;
    this.clientId = facts.clientId;
  }

  /** Whether there is no user in whose name anything can be called. */
  get isAnonymous(): boolean {
    return this.accessToken === undefined;
  }

  toJSON(): string {
    return redacted;
  }
}

/**
 * Reads what Wave says of the user, once the request has proven to come from Wave. Headers that have are returned as they are.
 *
 * @param appKey the app's key; without one only headers that have already proven it are taken
 * @throws {AuthenticationError} CREDENTIAL_FAILED: the request does not carry the key
 * @example
 * const { subject, isAnonymous } = readWaveHeaders(request, { id: 'app-key', secret });
 */
export function readWaveHeaders({ headers }: WaveRequest, appKey: WaveAppKey | undefined): WaveHeaders {
  if (headers instanceof WaveHeaders) return headers;
  const read = headerReader(headers);
  if (appKey === undefined) throw notBelieved('No key of the app is configured, so no request can prove that it comes from Wave.');
  if (!hasKey(read('authorization'), appKey)) throw notBelieved('The request does not carry the key of the app, so it is not from Wave.');

  const subject = utf8Of(read('wave-subject-id') ?? anonymous);
  const token = subject === anonymous ? undefined : read('wave-access-token');
  return new WaveHeaders({
    subject,
    username: utf8Of(read('wave-username') ?? anonymous),
    accessToken: token === undefined ? undefined : new AccessToken(token),
    sessionId: secretOf(read('wave-session-id')),
    clientId: secretOf(read('wave-client-id')),
  });
}

/** The value of a header; `undefined` where it is absent, empty, or there more than once. */
type ReadHeader = (name: string) => string | undefined;

function headerReader(headers: unknown): ReadHeader {
  if (typeof headers !== 'object' || headers === null) return () => undefined;
  if ('get' in headers && typeof headers.get === 'function') {
    const { get } = headers;
    return (name) => textOf(get.call(headers, name));
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(headers);
  return (name) => {
    const values = entries.flatMap(([key, value]) => (key.toLowerCase() === name ? value : []));
    return values.length === 1 ? textOf(values[0]) : undefined;
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function secretOf(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}

function hasKey(authorization: string | undefined, { id, secret }: WaveAppKey): boolean {
  const plain = typeof secret === 'string' ? secret : secret.reveal();
  // An empty half would let a guess of the other half in.
  if (id === '' || plain === '') return false;
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64')), digest(Buffer.from(`${id}:${plain}`)));
}

/** Digests have one length whatever is compared, as `timingSafeEqual` needs it. */
function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Wave sends UTF-8, and Node reads every byte of a header as one Latin-1 character. What is neither stays as it came. */
function utf8Of(text: string): string {
  if (/[\u0100-\uffff]/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}

function notBelieved(what: string): AuthenticationError {
  return new AuthenticationError({
    code: 'CREDENTIAL_FAILED',
    what,
    fix: 'Wave sends the key that the app has registered with: set H2O_WAVE_APP_ACCESS_KEY_ID and H2O_WAVE_APP_ACCESS_KEY_SECRET (or the option wave.appKey) to it.',
  });
}

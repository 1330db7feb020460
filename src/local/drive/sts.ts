/**
 * Drive's token service: temporary keys for the access token of a user, as AssumeRoleWithWebIdentity gives them.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../internal/clock.js';
import type { Access, Caller } from '../access.js';
import { xmlAnswer } from './xml.js';

/** Keys that were given out. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface StsOptions {
  readonly access: Access;
  readonly clock: Clock;
  /** How long keys live, whatever is asked for. */
  readonly sessionSeconds: number | undefined;
}

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** The token service, and the sessions that it has given out. */
export class Sts {
  readonly #options: StsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: StsOptions) {
    this.#options = options;
  }

  session(accessKeyId: string): Session | undefined {
    return this.#sessions.get(accessKeyId);
  }

  async answer(request: Request): Promise<Response> {
    // As real ones do, it reads the form only: parameters in the query are not seen.
    const form = new URLSearchParams(await request.text());
    const parameter = (name: string): string => form.get(name) ?? '';
    if (parameter('Action') !== 'AssumeRoleWithWebIdentity') return refusal(400, 'InvalidAction', 'The action is not known.');
    if (parameter('Version') !== '2011-06-15') return refusal(400, 'InvalidAction', 'The version is not known.');
    const role = parameter('RoleArn');
    if (role.length < 20 || role.length > 2048) return refusal(400, 'ValidationError', 'RoleArn must have 20 to 2048 characters.');
    if (!/^[\w+=,.@-]{2,64}$/.test(parameter('RoleSessionName')))
      return refusal(400, 'ValidationError', 'RoleSessionName must have 2 to 64 characters.');
    const seconds = form.has('DurationSeconds') ? Number(parameter('DurationSeconds')) : 3600;
    if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200)
      return refusal(400, 'ValidationError', 'DurationSeconds must be 900 to 43200.');
    const caller = await this.#options.access.caller(`Bearer ${parameter('WebIdentityToken')}`);
    if (caller === undefined) return refusal(400, 'InvalidIdentityToken', 'The token is forged, expired, or of nobody this cloud knows.');
    return this.#granted(caller, seconds);
  }

  #granted(caller: Caller, seconds: number): Response {
    const now = this.#options.clock.now();
    const session: Session = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(120).toString('base64'),
      caller,
      expiresAt: now + (this.#options.sessionSeconds ?? seconds) * 1000,
    };
    for (const [id, { expiresAt }] of this.#sessions) if (expiresAt < now - 86_400_000) this.#sessions.delete(id);
    this.#sessions.set(session.accessKeyId, session);
    const credentials = {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expiresAt).toISOString(),
    };
    return xmlAnswer(
      'AssumeRoleWithWebIdentityResponse',
      {
        AssumeRoleWithWebIdentityResult: { Credentials: credentials, SubjectFromWebIdentityToken: caller.subject },
        ResponseMetadata: { RequestId: randomUUID() },
      },
      { namespace },
    );
  }
}

function refusal(status: number, code: string, message: string): Response {
  return xmlAnswer(
    'ErrorResponse',
    { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: randomUUID() },
    { status, namespace },
  );
}

/**
 * Drive's token service: it gives temporary keys for an access token. The request is a form and is not signed.
 */
import { AuthenticationError } from '../../errors/authentication-error.js';
import type { H2OCloudError } from '../../errors/base.js';
import { ResponseValidationError } from '../../errors/connection-error.js';
import type { Exchange } from '../../http/exchange.js';
import type { ErrorAnswer } from '../../http/operation.js';
import { redact } from '../../internal/redact.js';
import { readStorageError } from './errors.js';
import type { SessionKeys } from './signature.js';
import { isDocument, textOf } from './xml.js';

/** Keys, and how long they are good. */
export interface GrantedKeys extends SessionKeys {
  /** Wall time in milliseconds, by the clock of the service. */
  readonly expiresAt: number;
  /** The service's own time when it answered, where it said so. */
  readonly answeredAt: number | undefined;
}

/** The service wants a role of 20 to 2048 characters and looks at none. */
const role = 'h2o-ai-cloud-drive-user';
/** What is asked for; the service may give less. */
const durationSeconds = 3600;

/**
 * @param token the user's access token
 * @param renew after a refusal: whether there is another token
 */
export function assumeRole(
  url: string,
  sessionName: string,
  token: () => Promise<string>,
  renew: (signal: AbortSignal) => Promise<boolean>,
): Exchange<GrantedKeys> {
  return {
    name: 'AssumeRoleWithWebIdentity',
    method: 'POST',
    route: '/',
    safe: true,
    async prepare(headers) {
      const accessToken = await token();
      const form = new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        DurationSeconds: String(durationSeconds),
        RoleArn: role,
        RoleSessionName: sessionName,
        WebIdentityToken: accessToken,
      });
      const body = Buffer.from(form.toString());
      return {
        url,
        headers: {
          ...headers,
          accept: '*/*',
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
          'content-length': String(body.byteLength),
        },
        body,
        secrets: [accessToken],
      };
    },
    read: async (response) => toKeys(await response.text(), response.headers),
    readError: refused,
    renew: (answer, signal) => (isTokenRefused(answer) ? renew(signal) : Promise.resolve(false)),
  };
}

function toKeys(xml: string, headers: Headers): GrantedKeys {
  const [accessKeyId, secretAccessKey, sessionToken, expiration] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'].map(
    (name) => textOf(xml, name)?.trim(),
  );
  const expiresAt = Date.parse(expiration ?? '');
  const isAnswer = isDocument(xml, 'AssumeRoleWithWebIdentityResponse');
  if (!isAnswer || !accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAt)) {
    throw new ResponseValidationError({
      code: 'RESPONSE_INVALID',
      what: "Drive's token service answered AssumeRoleWithWebIdentity with something that is not a set of keys.",
      fix: 'Check the address of the service (`await cloud.describe()` tells where it comes from): a web page or a proxy may answer there.',
      call: 'AssumeRoleWithWebIdentity',
    });
  }
  const answeredAt = Date.parse(headers.get('date') ?? '');
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt, answeredAt: Number.isNaN(answeredAt) ? undefined : answeredAt };
}

/** Token services say with 400 what others say with 401; that of MinIO calls it a wrong parameter, and the others of ours never change. */
const tokenCodes = new Set([
  'InvalidIdentityToken',
  'ExpiredToken',
  'ExpiredTokenException',
  'IDPRejectedClaim',
  'AccessDenied',
  'InvalidParameterValue',
]);

function isTokenRefused({ status, body }: ErrorAnswer): boolean {
  return status === 401 || (status < 500 && tokenCodes.has(textOf(body, 'Code') ?? ''));
}

function refused(answer: ErrorAnswer): H2OCloudError {
  if (!isTokenRefused(answer)) return readStorageError(answer, "Drive's token service");
  const message = textOf(answer.body, 'Message');
  const said = message === undefined ? '' : `: ${redact(message, answer.secrets)}`;
  return new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: `Drive's token service refused the access token in ${answer.call} (${answer.status})${said}.`,
    fix: 'Look whether the token comes from the identity provider that this cloud trusts (`await cloud.describe()`), whether the session has ended, and sign in again.',
    call: answer.call,
    requestId: answer.requestId,
  });
}

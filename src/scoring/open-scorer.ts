/**
 * Opens the way to a scorer: where it is, which of its ways in this user has, and whether the secret may go there.
 */
import { AuthenticationError } from '../errors/authentication-error.js';
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../errors/connection-error.js';
import { ScoringError } from '../errors/scoring-error.js';
import { checkMembers, memberOf, type Kind } from '../http/given.js';
import type { Send } from '../http/operation.js';
import { createSend, type SendPorts } from '../http/send.js';
import { AccessToken } from '../internal/access-token.js';
import type { Credential } from '../internal/credential.js';
import { Secret } from '../internal/secret.js';
import { baseOf, rootOf, scorerHeaders } from './contract.js';
import { openAiConnection, type OpenAiConnection } from './openai.js';
import { scorerErrorReader } from './scorer-error.js';
import type { ScorableRef, ScorerAccess, ScorerLocation, ScorerLocator } from './scorer-locator.js';
import { checkScorerOrigin, type ScorerTrust } from './trusted-origin.js';

/** Options of `user.scorer()`. */
export interface ScorerOptions {
  /** For a deployment that is guarded by a passphrase: the plain one, also where the platform keeps a hash. */
  readonly passphrase?: string | Secret | undefined;
  /** For a deployment that is guarded by an API key. */
  readonly apiKey?: string | Secret | undefined;
}

export interface OpenScorerPorts extends SendPorts {
  readonly locator: ScorerLocator;
  /** The user's own tokens. */
  readonly credential: Credential;
  readonly trust: () => Promise<ScorerTrust>;
}

interface OpenOptions {
  readonly fresh: boolean;
}

export type ScorerTarget = ScorableRef | string | URL;

/** A scorer that can be called. */
export interface OpenedScorer {
  /** To the paths of the model. */
  readonly send: Send;
  /** To what stands beside them. */
  readonly sendToRoot: Send;
  /** For clients of OpenAI's API, which language models speak. */
  readonly openAi: OpenAiConnection;
  /** Whether the platform may say something else by now. */
  readonly isRemembered: boolean;
}

/** @throws {ConfigurationError} the target is nothing that can be scored, or an option is of the wrong type */
export function checkScorer(target: unknown, options: unknown): void {
  const isDeployment = typeof memberOf(target, 'id') === 'string' && memberOf(target, 'project') !== undefined;
  if (typeof target !== 'string' && !(target instanceof URL) && !isDeployment) {
    throw invalidParameter(
      'scorer() was given nothing that can be scored.',
      'Pass a deployment as the SDK returned it, `{ id, project }`, or the address of a scorer.',
    );
  }
  checkMembers(options, 'The options of scorer()', { passphrase: sharedSecret, apiKey: sharedSecret });
}

/** What cannot stand in a header cannot be sent, and must not get near one: the error would quote it. */
const sharedSecret: Kind = {
  name: 'text that can stand in a header, or a Secret of it',
  accepts: (value) =>
    /^[\x20-\x7e]+$/.test(String(value instanceof Secret ? value.reveal() : value)) &&
    (typeof value === 'string' || value instanceof Secret),
};

export async function openScorer(
  ports: OpenScorerPorts,
  target: ScorerTarget,
  options: ScorerOptions,
  { fresh }: OpenOptions,
): Promise<OpenedScorer> {
  const location = isAddress(target) ? addressed(target, options) : await ports.locator.locate(target, { fresh });
  if (!/^https?:\/\//i.test(location.scoreUrl) || !URL.canParse(location.scoreUrl)) throw unusableAddress();
  const way = await chooseAccess(location.access, options, ports.credential);
  if (way !== 'none') checkScorerOrigin(location.scoreUrl, await ports.trust());
  const credential = way === 'none' ? undefined : way === 'oidc' ? ports.credential : fixed(way);
  const readError = scorerErrorReader(way instanceof Secret ? 'sharedSecret' : way, ports.clock);
  const sendTo = (url: string): Send => {
    const endpoint = Promise.resolve({ url, scopes: [] });
    const connection = { service: 'scorer', endpoint: () => endpoint, credential, readError, headers: scorerHeaders };
    // Other services refuse with a good status and a body that says so; a scorer's text or column may look alike.
    return createSend({ ...connection, isRefusal: () => false }, ports);
  };
  return {
    send: sendTo(baseOf(location.scoreUrl)),
    sendToRoot: sendTo(rootOf(location.scoreUrl)),
    openAi: openAiConnection(`${rootOf(location.scoreUrl)}/v1`, credential, ports.transport),
    isRemembered: location.isRemembered,
  };
}

function unusableAddress(): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: 'The platform named an address of the scorer that is no URL of http or https.',
    fix: 'This is a fault of the platform: tell its administrator.',
  });
}

/** Whether it is worth asking the platform again where the scorer is and what guards it. */
export function mayHaveMoved(error: unknown): boolean {
  if (error instanceof AuthenticationError) return error.code === 'AUTH_REJECTED';
  return (error instanceof ScoringError && error.status === 404) || (error instanceof ConnectionError && !(error instanceof TimeoutError));
}

function isAddress(target: ScorerTarget): target is string | URL {
  return typeof target === 'string' || target instanceof URL;
}

function addressed(target: string | URL, options: ScorerOptions): ScorerLocation {
  if (!URL.canParse(String(target)) || !/^https?:/i.test(String(target))) {
    throw invalidParameter(
      'The address of the scorer is not a URL.',
      'Pass a deployment, or the whole address, for instance https://model.example.com/id/model/score.',
    );
  }
  const type = options.passphrase !== undefined ? 'passphrase' : options.apiKey !== undefined ? 'apiKey' : 'oidc';
  return { scoreUrl: String(target), access: [{ type }], isRemembered: false };
}

/** The first way in that the user has, the user's own token before shared secrets. */
async function chooseAccess(
  access: readonly ScorerAccess[],
  options: ScorerOptions,
  credential: Credential,
): Promise<'none' | 'oidc' | Secret> {
  if (access.some((way) => way.type === 'none')) return 'none';
  const secret = access.map((way) => secretFor(way, options)).find((found) => found !== undefined);
  const takesTokens = access.some((way) => way.type === 'oidc');
  if (takesTokens && (secret === undefined || (await hasToken(credential)))) return 'oidc';
  if (secret !== undefined) return secret;
  const kinds = access.map((way) => way.type).join(', ') || 'nothing that is known';
  throw new ConfigurationError({
    code: 'PARAMETER_INVALID',
    what: `The deployment is guarded by ${kinds}, and nothing was given to pass it.`,
    fix: 'Pass the secret with user.scorer(deployment, { passphrase }) or { apiKey }: the platform does not tell it.',
  });
}

function secretFor(way: ScorerAccess, options: ScorerOptions): Secret | undefined {
  const secret =
    way.type === 'passphrase' ? (options.passphrase ?? way.passphrase) : way.type === 'apiKey' ? (options.apiKey ?? way.key) : undefined;
  return typeof secret === 'string' ? new Secret(secret) : secret;
}

/** A user without a token may still have a secret; what else goes wrong with tokens is no reason to use another way. */
async function hasToken(credential: Credential): Promise<boolean> {
  try {
    await credential.getToken({});
    return true;
  } catch (error) {
    if (error instanceof AuthenticationError) return false;
    throw error;
  }
}

/** A shared secret behind the port of tokens: it never changes, so a refusal is final. */
function fixed(secret: Secret): Credential {
  const token = new AccessToken(secret.reveal());
  return { getToken: () => Promise.resolve(token) };
}

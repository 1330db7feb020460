/**
 * Which platform it is, from what the configuration and discovery tell, or from one request to the gateway. The rules are ours: no
 * platform says its version anywhere. Decisions are pure; only `askGateway` sends something.
 */
import * as z from 'zod/mini';
import { NotFoundError } from '../errors/api-error.js';
import { addAdvice } from '../errors/base.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { operation, type Send } from '../http/operation.js';
import type { RequestOptions } from '../http/request-options.js';
import type { PlatformName } from './platform-resolver.js';

/** What is known without asking MLOps anything. Addresses are where they were found, in words. */
export interface PlatformFindings {
  /** The option `mlopsPlatform`. */
  readonly given: PlatformName | undefined;
  /** Address of the discovery service; `undefined` when none is configured. */
  readonly discovery: string | undefined;
  readonly authz: string | undefined;
  readonly secureStore: string | undefined;
}

/** A platform, and why it is thought to be that one. */
export interface PlatformGuess {
  readonly name: PlatformName;
  readonly because: string;
}

const howToSet = "Say which platform it is: new H2OCloud({ mlopsPlatform: '0.69' }), '1.0' or '1.2'";

/** The platform as far as it follows from what is known; `undefined`: the gateway must be asked. */
export function guessPlatform({ given, discovery, authz, secureStore }: PlatformFindings): PlatformGuess | undefined {
  if (given !== undefined) return { name: given, because: 'the option mlopsPlatform says so' };
  if (authz !== undefined && secureStore !== undefined) {
    return { name: '1.2', because: `workspaces have an authorization service (${authz}) and a secure store (${secureStore})` };
  }
  // Without discovery nobody says that there is no secure store.
  if (discovery === undefined) return undefined;
  if (authz !== undefined) return { name: '1.0', because: `workspaces have an authorization service (${authz}) and no secure store` };
  return { name: '0.69', because: `the discovery service at ${discovery} names no authz-gateway` };
}

/** Only platforms with a REST deployer have this path. */
const probe = operation({
  name: 'ProbePlatform',
  method: 'GET',
  path: '/deployer/v2/configuration/securityOptionTypes',
  safe: true,
  answer: z.looseObject({}),
});

/**
 * Asks the gateway, where nothing else tells.
 *
 * @throws {ConfigurationError} it is 1.0 or 1.2, which cannot be told apart
 * @throws {H2OCloudError} what the gateway answered decides nothing: HTML, a failure, a refused token
 */
export async function askGateway(send: Send, options: RequestOptions): Promise<PlatformGuess> {
  try {
    await send({ operation: probe }, options);
  } catch (error) {
    // The gateway speaks as its services do, and says that there is nothing: a web server would not.
    if (error instanceof NotFoundError && error.serviceMessage !== undefined) {
      return { name: '0.69', because: 'its gateway has no REST deployer' };
    }
    addAdvice(error, `Which platform MLOps runs could not be found out by this call. ${howToSet}.`);
    throw error;
  }
  throw new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: 'MLOps runs platform 1.0 or newer (its gateway has a REST deployer), and nothing tells whether it is 1.0 or 1.2: no discovery service is configured.',
    fix: `${howToSet}; or set \`environment\` (H2O_CLOUD_ENVIRONMENT), so that discovery tells.`,
    call: probe.name,
  });
}

/** Tells, with an error for a path that is not there, why this platform was assumed: the guess may be wrong. */
export function withGuessExplained(send: Send, { name, because }: PlatformGuess): Send {
  return async (call, options) => {
    try {
      return await send(call, options);
    } catch (error) {
      if (error instanceof NotFoundError && saysNoSuchPath(error)) {
        addAdvice(error, `MLOps is taken for platform ${name}, since ${because}. If it is another one: ${howToSet}.`);
      }
      throw error;
    }
  };
}

/** A missing resource is named; a missing path is answered by what stands in front of the services, without a word or with a fixed one. */
function saysNoSuchPath({ serviceMessage }: NotFoundError): boolean {
  return serviceMessage === undefined || /^(?:404 page )?not found\.?$/i.test(serviceMessage);
}

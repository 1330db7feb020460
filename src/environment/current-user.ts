/**
 * The user who runs a script: the refresh token that the environment or the CLI keeps, and the client that it was issued to.
 * A token is used for one cloud only: the one that the environment, or the CLI file, names beside it.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import { Secret } from '../internal/secret.js';
import type { CheckedOptions } from './check-options.js';
import type { ClientProof } from './client-proof.js';
import type { CliConfig } from './cli-config.js';
import type { CloudLocation } from './cloud-location.js';
import { cloudPlaces } from './cloud-variables.js';
import type { WaitOptions } from './discovery.js';
import { refusedAddress } from './given-address.js';
import { firstOf, foundOr, type FoundValue, type PlacePorts, type Search } from './places.js';
import { isSameAddress } from './url-rules.js';

/** A refresh token of the user who runs the program. */
export interface CurrentUser {
  readonly refreshToken: Secret;
  /** The client that the token was issued to, and that alone can redeem it. */
  readonly clientId: string;
  /** Absent for a public client. */
  readonly proof?: ClientProof;
  /** Where the token comes from, in words. */
  readonly origin: string;
  /** The cloud's URL, where it is known. */
  readonly cloudUrl: string | undefined;
}

/** What finding the current user needs. */
export interface CurrentUserPorts extends PlacePorts {
  readonly options: CheckedOptions;
  readonly location: CloudLocation;
  readonly readCli: () => Promise<CliConfig>;
}

const tokenVariable = 'H2O_CLOUD_CLIENT_PLATFORM_TOKEN';
const platformClient = 'platform';

/**
 * Looks for the refresh token of the current user: the variable first, then the CLI file.
 *
 * @throws {ConfigurationError} there is a token, but not what is needed to use it; or the CLI file is broken
 * @throws {ConnectionError} discovery would have to say something and cannot be reached
 */
export async function findCurrentUser(ports: CurrentUserPorts, options: WaitOptions): Promise<Search<CurrentUser>> {
  const token = await firstOf(cloudPlaces(ports, tokenVariable));
  if (token.found !== undefined) return { found: await userOfVariable(ports, token.found, options) };
  const cli = await userOfCli(ports, options);
  return cli.found === undefined ? { lookedAt: [...token.lookedAt, ...cli.lookedAt] } : cli;
}

async function userOfVariable(ports: CurrentUserPorts, token: FoundValue, options: WaitOptions): Promise<CurrentUser> {
  const client = await clientOfPlatform(ports, options);
  if (client.found === undefined) {
    throw new ConfigurationError({
      code: 'CONFIGURATION_MISSING',
      what: `A refresh token is in ${token.origin}, but the client that it was issued to is not known. Looked at: ${client.lookedAt.join('; ')}.`,
      fix: "Set the option environment (variable H2O_CLOUD_ENVIRONMENT) to the cloud's URL, whose discovery service then names the client, or set the variable PLATFORM_CLIENT_ID or the option oidc.clientId.",
    });
  }
  const url = await ports.location.ask(() => ports.location.url(options));
  return {
    refreshToken: new Secret(token.value),
    ...clientWithProof(ports.options, client.found.value),
    origin: token.origin,
    cloudUrl: url.value?.found?.value,
  };
}

/** The client of the platform: as discovery says, else a variable, else the app's own from the options. */
async function clientOfPlatform(ports: CurrentUserPorts, options: WaitOptions): Promise<Search<FoundValue>> {
  const discovered = await discoveredClient(ports, options);
  if (discovered.found !== undefined) return discovered;
  const variable = await firstOf(cloudPlaces(ports, 'PLATFORM_CLIENT_ID'));
  if (variable.found !== undefined) return variable;
  const option = foundOr(ports.options.oidc.clientId, 'option oidc.clientId');
  return option.found === undefined ? { lookedAt: [...discovered.lookedAt, ...variable.lookedAt, ...option.lookedAt] } : option;
}

async function discoveredClient({ location }: CurrentUserPorts, { signal }: WaitOptions): Promise<Search<FoundValue>> {
  const answer = await location.ask((discovery) => discovery.clients({ signal }));
  if (answer.unusable !== undefined) return { lookedAt: [`discovery client ${platformClient} (${answer.unusable})`] };
  const clientId = answer.value.get(platformClient)?.clientId.trim();
  return foundOr(clientId === '' ? undefined : clientId, `discovery client ${platformClient} at ${answer.discovery.url}`);
}

async function userOfCli(ports: CurrentUserPorts, options: WaitOptions): Promise<Search<CurrentUser>> {
  const cli = await ports.readCli();
  if (!cli.exists) return { lookedAt: [`${cli.file} (does not exist)`] };
  const notUsed = (reason: string): Search<CurrentUser> => ({ lookedAt: [`${cli.file} (${reason})`] });
  if (cli.endpoint === undefined) return notUsed('has no Endpoint');
  const environment = await ports.location.ask((discovery) => discovery.environment(options));
  if (environment.unusable !== undefined) return notUsed(`its tokens need discovery, ${environment.unusable}`);
  const { cloud } = environment.value;
  if (cloud.url === undefined) {
    throw refusedAddress('URL of the cloud', cloud.refused, environment.discovery.url, 'Set the option environment to the cloud to use.');
  }
  if (!isSameAddress(cli.endpoint, cloud.url)) return notUsed(`its Endpoint is another cloud than ${cloud.url}`);
  const client = await discoveredClient(ports, options);
  if (client.found === undefined) return notUsed(`its tokens need ${client.lookedAt.join('; ')}`);
  const clientId = client.found.value;
  const credential = cli.credentials.find((candidate) => candidate.clientId === clientId);
  if (credential === undefined) return notUsed('has no token for the client that discovery names');
  return {
    found: {
      refreshToken: credential.refreshToken,
      ...clientWithProof(ports.options, clientId),
      origin: `${credential.key} of the ${cli.file}`,
      cloudUrl: cloud.url,
    },
  };
}

function clientWithProof({ oidc }: CheckedOptions, clientId: string): Pick<CurrentUser, 'clientId' | 'proof'> {
  return oidc.proof !== undefined && oidc.clientId === clientId ? { clientId, proof: oidc.proof } : { clientId };
}

/**
 * The error for a script whose user is nowhere.
 *
 * @param cloudUrl where to get a token; a placeholder stands in its place when it is not known
 */
export function missingUser(lookedAt: readonly string[], cloudUrl: string | undefined): ConfigurationError {
  const cloud = cloudUrl ?? '<Endpoint>';
  return new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: `No refresh token of the current user was found. Looked at: ${lookedAt.join('; ')}.`,
    fix:
      `Get one at ${cloud}/auth/get-platform-token and set the variable ${tokenVariable}, or sign in with the H2O AI Cloud CLI ` +
      `(tokens for its file: ${cloud}/auth/get-token and ${cloud}/auth/get-platform-token).`,
  });
}

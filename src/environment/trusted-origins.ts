/**
 * The origins that a configuration names: where `user.fetch()` may send a user's token.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { CloudEnvironment } from './cloud-environment.js';
import type { WaitOptions } from './discovery.js';
import { serviceTable, type ServiceName } from './services.js';

/**
 * The scopes that the service at an address needs, where it is one of the configuration's.
 *
 * @throws {ConfigurationError} ORIGIN_NOT_TRUSTED: the configuration does not name the origin
 */
export async function scopesAt(url: URL, environment: CloudEnvironment, options: WaitOptions): Promise<readonly string[]> {
  for (const name of Object.keys(serviceTable) as ServiceName[]) {
    const endpoint = await environment.findService(name, options).catch(unlessConfigured);
    if (endpoint !== undefined && new URL(endpoint.url).origin === url.origin) return endpoint.scopes;
  }
  const cloudUrl = await environment.cloudUrl(options).catch(unlessConfigured);
  const named = [...environment.trustedOrigins, ...(cloudUrl === undefined ? [] : [new URL(cloudUrl).origin])];
  if (named.includes(url.origin)) return [];
  throw new ConfigurationError({
    code: 'ORIGIN_NOT_TRUSTED',
    what: `No token was sent to ${url.origin}: nothing in the configuration names it.`,
    fix: `If the service really is there, name it: new H2OCloud({ trustedOrigins: ['${url.origin}'] }).`,
  });
}

/** What is not configured is not there; a discovery service that cannot be reached is another matter. */
function unlessConfigured(error: unknown): undefined {
  if (!(error instanceof ConfigurationError)) throw error;
}

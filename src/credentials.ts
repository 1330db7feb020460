import type { CloudEnvironment } from './environment/cloud-environment.js';
import type { FetchFunction } from './http/transport.js';
import type { CallListener } from './internal/call-event.js';
import type { Clock } from './internal/clock.js';
import type { Credential } from './internal/credential.js';
import type { Logger } from './internal/logger.js';
import { AccessToken } from './internal/access-token.js';

export type TokenStoreOption = 'file' | 'memory';
export type OnBehalfOf = { readonly accessToken: string };
export interface IdentityPorts {
  readonly environment: CloudEnvironment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCall: CallListener;
  readonly fetch: FetchFunction | undefined;
  readonly tokenStore: TokenStoreOption;
}
export function credentialFor(source: OnBehalfOf, _ports: IdentityPorts): Credential {
  return { getToken: () => Promise.resolve(new AccessToken(source.accessToken)) };
}
export function currentUserCredential(_ports: IdentityPorts): Credential {
  throw new Error('later');
}

/**
 * What an API is given to work with: a way to each service as one user, time, and what is known already.
 */
import type { Send } from '../../http/operation.js';
import type { Clock } from '../../internal/clock.js';
import type { Logger } from '../../internal/logger.js';
import type { Recollection } from '../recollection.js';

export interface Wires {
  /** The MLOps gateway. */
  readonly gateway: Send;
  /** The service that keeps workspaces and users of platform 1.x, on a host of its own. */
  readonly authz: Send;
  /**
   * An address that the gateway has signed for one transfer. Calls there carry no token.
   *
   * @param headers what the signature wants with the call
   */
  readonly presigned: (url: string, headers?: Readonly<Record<string, string>>) => Send;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recollection: Recollection;
}

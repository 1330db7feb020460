/**
 * `h2o-ai-cloud/testing/msw`: the local cloud as request handlers of msw, for tests without a port.
 * The very same services answer; msw carries the requests.
 */
import { http } from 'msw';
import type { RequestHandler } from 'msw';
import { systemClock } from '../internal/clock.js';
import { fetchWithFaults } from '../local/fault-effects.js';
import { createLocalCloud } from '../local/local-cloud.js';
import type { LocalCloudOptions } from '../local/local-cloud.js';
import { controlsOf } from './controls.js';
import type { LocalCloudControls } from './controls.js';

export type { LocalCloudControls } from './controls.js';

export interface LocalCloudHandlersOptions extends Omit<LocalCloudOptions, 'origin'> {
  /** The origin to take over. Default: `https://cloud.example`. */
  readonly origin?: string | undefined;
}

/** Request handlers, and the cloud behind them. */
export interface LocalCloudHandlers extends LocalCloudControls {
  readonly origin: string;
  /** For `setupServer(...handlers)` or `server.use(...handlers)`: they answer everything that goes to the origin. */
  readonly handlers: readonly RequestHandler[];
}

/**
 * A local cloud behind msw.
 *
 * @example
 * const local = localCloudHandlers({ healthyAfterMs: 0 });
 * const server = setupServer(...local.handlers);
 * server.listen();
 * const { env } = await local.describe();
 * const cloud = new H2OCloud({ env });
 */
export function localCloudHandlers({ origin = 'https://cloud.example', ...options }: LocalCloudHandlersOptions = {}): LocalCloudHandlers {
  const cloud = createLocalCloud({ ...options, origin: new URL(origin).origin });
  const answer = fetchWithFaults(cloud.faults, options.clock ?? systemClock, (request) => cloud.fetch(request));
  return { ...controlsOf(cloud), origin: cloud.origin, handlers: [http.all(`${cloud.origin}/*`, ({ request }) => answer(request))] };
}

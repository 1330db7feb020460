/**
 * Finds out which platform it is and loads what speaks to it, once for all callers. A program loads only its own platform.
 */
import { withTotalDeadline } from '../http/total-deadline.js';
import { checkRequestOptions } from '../http/request-options.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { Wires } from './api/wires.js';
import { askGateway, guessPlatform, withGuessExplained, type PlatformFindings } from './platform-detection.js';
import type { OpenedPlatform, Platform, PlatformName, PlatformResolver } from './platform-resolver.js';

const tables: Readonly<Record<PlatformName, () => Promise<{ readonly platform: Platform }>>> = {
  '0.69': () => import('./platforms/0.69.js'),
  '1.0': () => import('./platforms/1.0.js'),
  '1.2': () => import('./platforms/1.2.js'),
};

/** A caller who leaves does not end the search, and a failure is not remembered. */
export function platformResolver(wires: Wires, findings: () => Promise<PlatformFindings>): PlatformResolver {
  const { clock } = wires;
  let opening: Promise<OpenedPlatform> | undefined;
  return {
    clock,
    resolve: async (options) => {
      checkRequestOptions(options);
      const { signal, timeoutMs } = options;
      signal?.throwIfAborted();
      opening ??= open(wires, findings).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      const opened = opening;
      const call = { name: 'mlops.platform', safe: true };
      return withTotalDeadline(clock, call, { signal, timeoutMs }, (within) => waitUnlessAborted(opened, within.signal));
    },
  };
}

async function open(wires: Wires, findings: () => Promise<PlatformFindings>): Promise<OpenedPlatform> {
  const guess = guessPlatform(await findings()) ?? (await askGateway(wires.gateway, {}));
  const { platform } = await tables[guess.name]();
  const gateway = withGuessExplained(wires.gateway, guess);
  return { name: platform.name, features: platform.features, ...platform.apis({ ...wires, gateway }) };
}

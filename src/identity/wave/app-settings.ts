/**
 * The settings of a Wave app: from options, else from the variables that Wave's launcher sets, else what Wave itself takes for granted.
 */
import { randomBytes } from 'node:crypto';
import { ConfigurationError } from '../../errors/configuration-error.js';
import { checkedOptions, type CheckedKey } from '../../environment/check-options.js';
import { EnvSnapshot } from '../../environment/env-snapshot.js';
import type { WaveOptions } from '../../environment/options.js';
import { findWave, waveAddress, waveSettings, type WaveSettings } from '../../environment/settings.js';
import { Secret } from '../../internal/secret.js';

/** Who sees the same page: one tab, all tabs of a user, or everybody. */
export type WaveAppMode = 'unicast' | 'multicast' | 'broadcast';

/** What the settings are read from. */
export interface WaveAppSources {
  /** The Wave server and the keys; by default as the variables `H2O_WAVE_…` have them. */
  readonly wave?: WaveOptions | undefined;
  /** Who sees the same page. Default: `H2O_WAVE_APP_MODE`, else `unicast`. */
  readonly mode?: WaveAppMode | undefined;
  /** Where Wave reaches the app. Default: `H2O_WAVE_APP_ADDRESS`, else the address that the app listens on. */
  readonly address?: string | undefined;
  /** The variables to read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface WaveAppSettings {
  /** Where Wave takes calls: its address with the path it serves below. */
  readonly waveUrl: string;
  /** The server's key, for calls to Wave. */
  readonly accessKey: CheckedKey;
  /** The app's key, with which Wave calls the app. */
  readonly appKey: CheckedKey;
  /** Where Wave reaches the app, if it is configured. */
  readonly address: string | undefined;
  readonly mode: WaveAppMode;
}

const modes: readonly WaveAppMode[] = ['unicast', 'multicast', 'broadcast'];

/** @throws {ConfigurationError} an option or a variable is malformed */
export function readWaveAppSettings({ wave, mode, address, env }: WaveAppSources): WaveAppSettings {
  const options = checkedOptions({ wave, env });
  const variables = new EnvSnapshot(options.env);
  const found = waveSettings(findWave({ options, variables }));
  const { url, accessKey } = waveServerOf(found);
  return {
    waveUrl: url,
    accessKey,
    appKey: found.appKey ?? { id: random(), secret: new Secret(random()) },
    address: address === undefined ? found.appAddress : waveAddress({ value: address, origin: 'option address' }),
    mode: knownMode(mode ?? variables.get('H2O_WAVE_APP_MODE') ?? 'unicast'),
  };
}

/** Where Wave takes calls, and the key for them; what is not configured is as Wave has it by itself. */
export function waveServerOf({ address, baseUrl, accessKey }: WaveSettings): { readonly url: string; readonly accessKey: CheckedKey } {
  return {
    url: `${address ?? 'http://127.0.0.1:10101'}${baseUrl}`,
    accessKey: accessKey ?? { id: 'access_key_id', secret: new Secret('access_key_secret') },
  };
}

function random(): string {
  return randomBytes(16).toString('hex');
}

function knownMode(given: string): WaveAppMode {
  const known = modes.find((mode) => mode === given);
  if (known !== undefined) return known;
  throw new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: 'The mode of the Wave app is none that Wave knows.',
    fix: `Set the option mode (or the variable H2O_WAVE_APP_MODE) to one of ${modes.join(', ')}.`,
  });
}

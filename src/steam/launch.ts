/**
 * From what a caller wants to what Steam must be told: every number is sent, so what is unset comes from the profile, and what the
 * profile does not allow is refused before anything is sent. Pure.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import type { LimitedValue, SteamLimits, SteamProfile } from './profiles.js';

/** The values of a launch that a profile limits. */
export type LaunchValues = Readonly<Partial<Record<LimitedValue, number | undefined>>>;

/**
 * The values of a launch by name: each as given, or as the profile suggests.
 *
 * @throws {ConfigurationError} where a value is asked for that is outside of the profile's limits, or neither given nor suggested
 */
export function launchValues(profile: SteamProfile, given: LaunchValues): (name: LimitedValue) => number {
  return (name) => filled(name, given[name], profile);
}

function filled(name: LimitedValue, given: number | undefined, { name: profile, limits }: SteamProfile): number {
  const { min, max, initial } = limits[name] ?? {};
  const value = given ?? initial;
  if (value === undefined) {
    throw invalidParameter(
      `\`${name}\` was not given, and the profile ${profile} suggests none.`,
      `Pass \`${name}\`, or choose another profile.`,
    );
  }
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return value;
  throw invalidParameter(
    `\`${name}\` is ${value}, and the profile ${profile} allows ${rangeOf(min, max)}.`,
    'Pass a value within that, or choose another profile (`await user.steam.profiles()`).',
  );
}

function rangeOf(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `at most ${max ?? ''}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

/** How many nodes of which memory hold a data set, within what the profile allows. */
export function sizeForMemory(estimateGb: number, { nodeCount, memoryGb }: SteamLimits): { nodeCount?: number; memoryGb?: number } {
  const { min: minNodes = 1, max: maxNodes = Infinity } = nodeCount ?? {};
  const { min: minGb = 1, max: maxGb } = memoryGb ?? {};
  if (estimateGb <= 0 || maxGb === undefined || maxGb === 0) return {};
  const needed = estimateGb / maxGb;
  // Where the least number of nodes is above one, all of the estimate in each of them may be more than a node can have.
  if (needed <= minNodes) return { nodeCount: minNodes, memoryGb: Math.min(maxGb, Math.max(minGb, Math.ceil(estimateGb))) };
  if (needed <= maxNodes) return { nodeCount: Math.ceil(needed), memoryGb: maxGb };
  return { nodeCount: maxNodes, memoryGb: maxGb };
}

/**
 * What a launch takes where the caller leaves the choice: the profile, and the version.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';
import type { EngineKind } from '../running-engine/connection.js';
import type { ProfilesApi } from './api/profiles.js';
import { profileTypes, type SteamProfile } from './profiles.js';

const defaultProfiles: Readonly<Record<EngineKind, string>> = {
  driverlessai: 'default-driverless-kubernetes',
  h2o3: 'default-h2o-kubernetes',
};

/** @throws {ConfigurationError} there is no profile for such an engine, or the named one is for something else */
export async function chooseProfile(
  profiles: ProfilesApi,
  kind: EngineKind,
  name: string | undefined,
  options: RequestOptions,
): Promise<SteamProfile> {
  const type = profileTypes[kind];
  if (name !== undefined) {
    const named = await profiles.get(name, options);
    if (named.type === type) return named;
    throw new ConfigurationError({
      code: 'PARAMETER_INVALID',
      what: `The profile ${named.name} is for ${named.type}, and this engine needs one for ${type}.`,
      fix: 'Choose another one (`await user.steam.profiles()`), or leave it out.',
    });
  }
  const suitable = (await profiles.list(options)).filter((profile) => profile.type === type);
  const chosen = suitable.find((profile) => profile.name === defaultProfiles[kind]) ?? suitable[0];
  if (chosen !== undefined) return chosen;
  throw new ConfigurationError({
    code: 'PARAMETER_INVALID',
    what: `Steam has no profile for ${type} that this user may use.`,
    fix: 'Ask an administrator of Steam for one.',
  });
}

/** @throws {ConfigurationError} there is none */
export async function chooseVersion(profiles: ProfilesApi, kind: EngineKind, options: RequestOptions): Promise<string> {
  const versions = await profiles.versions(kind, options);
  const chosen = versions.find(({ experimental }) => !experimental) ?? versions[0];
  if (chosen !== undefined) return chosen.version;
  throw new ConfigurationError({
    code: 'PARAMETER_INVALID',
    what: 'Steam has no version of this engine to launch.',
    fix: 'Ask an administrator of Steam to add one.',
  });
}

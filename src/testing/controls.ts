/**
 * What a test may see and do of a local cloud, whatever carries its requests.
 */
import type { LocalCloud } from '../local/local-cloud.js';

/** The handles of a local cloud: orders for faults, what was asked so far, sign-in without a browser, and what an administrator can do to a user. */
export type LocalCloudControls = Pick<LocalCloud, 'faults' | 'requests' | 'describe' | 'issueTokens' | 'stopUserSession' | 'disableUser'>;

export function controlsOf(cloud: LocalCloud): LocalCloudControls {
  return {
    faults: cloud.faults,
    requests: cloud.requests,
    describe: () => cloud.describe(),
    // A name that is not there rejects, as the type says, and does not throw.
    issueTokens: async (username, options) => cloud.issueTokens(username, options),
    stopUserSession: (username) => {
      cloud.stopUserSession(username);
    },
    disableUser: (username) => {
      cloud.disableUser(username);
    },
  };
}

/**
 * The services of a cloud and where the address of each is looked for: a table, and nothing that does anything.
 */

/** A service, or the part of one that has an address of its own. */
export type ServiceName =
  'mlops' | 'mlopsAuthz' | 'mlopsSecureStore' | 'steam' | 'driveSts' | 'driveUser' | 'driveWorkspace' | 'engines' | 'hopsworks';

/** What is known of a service before anything is looked up. */
export interface ServiceFacts {
  /** What people call it. */
  readonly title: string;
  /** The option that sets its address. */
  readonly option: string;
  /** Conventional variables with its address, the more specific first. */
  readonly variables: readonly string[];
  /** A conventional variable with an address that this one is derived from. */
  readonly derived?: { readonly variable: string; readonly path: string };
  /** Its key in the discovery service. */
  readonly discoveryKey?: string;
  /** Scopes that a token for it needs. */
  readonly scopes: readonly string[];
  /** Whether the scopes that discovery names come on top of ours instead of taking their place. */
  readonly addsScopes?: true;
  /** Whether a token needs no scope but what the service itself registers: that of the platform is not asked either. */
  readonly asksNoScope?: true;
  /** The address is used as registered, a slash at its end included. */
  readonly keepsTrailingSlash?: true;
  /** The shared secret, and its key, that holds the address by convention. */
  readonly secret?: string;
}

const storage = 'ai.h2o.storage';
/** One token serves all parts of MLOps, so they all ask for the same. */
const mlopsScopes = { scopes: [storage, 'ai.h2o.deploy'], addsScopes: true } as const;

export const serviceTable: Readonly<Record<ServiceName, ServiceFacts>> = {
  mlops: {
    title: 'MLOps',
    option: 'services.mlops',
    // MLOPS_URL is often the page and not the API: last.
    variables: ['H2O_WAVE_ML_MLOPS_GATEWAY', 'H2O_MLOPS_GATEWAY', 'MLOPS_URL'],
    discoveryKey: 'mlops-api',
    secret: 'h2oai-mlops, key gateway',
    ...mlopsScopes,
  },
  mlopsAuthz: {
    title: 'the authorization service of MLOps',
    option: 'services.mlops.authz',
    variables: [],
    discoveryKey: 'authz-gateway',
    ...mlopsScopes,
  },
  mlopsSecureStore: {
    title: 'the secure store of MLOps',
    option: 'services.mlops.secureStore',
    variables: [],
    discoveryKey: 'secure-store',
    ...mlopsScopes,
  },
  steam: {
    title: 'Steam',
    option: 'services.steam',
    variables: ['H2O_WAVE_ML_STEAM_ADDRESS', 'STEAM_URL'],
    secret: 'h2oai-steam, key api',
    scopes: [storage],
  },
  driveSts: {
    title: "Drive's token service",
    option: 'services.drive.sts',
    variables: ['H2O_DRIVE_STS_ENDPOINT'],
    derived: { variable: 'H2O_DRIVE_ENDPOINT', path: '/sts/' },
    discoveryKey: 'drive-sts',
    scopes: [],
    asksNoScope: true,
    keepsTrailingSlash: true,
  },
  driveUser: {
    title: "Drive's storage for users",
    option: 'services.drive.user',
    variables: ['H2O_DRIVE_ENDPOINT'],
    discoveryKey: 'userdrive',
    scopes: [],
    asksNoScope: true,
  },
  driveWorkspace: {
    title: "Drive's storage for workspaces",
    option: 'services.drive.workspace',
    variables: [],
    discoveryKey: 'workspacedrive',
    scopes: [],
    asksNoScope: true,
  },
  engines: { title: 'AI Engine Manager', option: 'services.engines', variables: [], discoveryKey: 'engine-manager', scopes: [] },
  hopsworks: { title: 'Hopsworks', option: 'services.hopsworks', variables: [], scopes: [] },
};

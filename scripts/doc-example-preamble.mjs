/**
 * What the examples in docstrings, README.md and docs/ take for granted: names that stand for things a reader has by then. TypeScript,
 * and global: an example that imports or declares a name of its own shadows the one here. It is a text and no `.d.ts` file, because
 * tsconfig.json would make these names global for the sources too.
 */
export const preamble = `
// The package itself. Whole programs import from it; shorter examples leave that out.
declare const H2OCloud: typeof import('h2o-ai-cloud').H2OCloud;
declare const SecurityOptions: typeof import('h2o-ai-cloud').SecurityOptions;
declare const H2OCloudError: typeof import('h2o-ai-cloud').H2OCloudError;
declare const fileTokenStore: typeof import('h2o-ai-cloud').fileTokenStore;
declare const redisTokenStore: typeof import('h2o-ai-cloud').redisTokenStore;
declare const startLocalCloud: typeof import('h2o-ai-cloud/testing').startLocalCloud;
declare const FakeClock: typeof import('h2o-ai-cloud/testing').FakeClock;
declare const localCloudHandlers: typeof import('h2o-ai-cloud/testing/msw').localCloudHandlers;
declare const setupServer: typeof import('msw/node').setupServer;

// The cloud, a user, and what they have made so far.
declare const cloud: import('h2o-ai-cloud').H2OCloud;
declare const user: import('h2o-ai-cloud').User;
declare const mlops: import('h2o-ai-cloud').Mlops;
declare const project: import('h2o-ai-cloud').Project;
declare const experiment: import('h2o-ai-cloud').Experiment;
declare const model: import('h2o-ai-cloud').Model;
declare const version: import('h2o-ai-cloud').ModelVersion;
declare const deployment: import('h2o-ai-cloud').Deployment;
declare const scorer: import('h2o-ai-cloud').Scorer;
declare const instance: import('h2o-ai-cloud').SteamInstance;
declare const cluster: import('h2o-ai-cloud').SteamCluster;
declare const engine: import('h2o-ai-cloud').EngineConnection & import('h2o-ai-cloud').DriverlessAiEngine;
declare const rows: readonly import('h2o-ai-cloud').Row[];
declare const signal: AbortSignal;

// The surroundings of an app.
declare const accessToken: string;
declare const refreshToken: string;
declare const request: import('node:http').IncomingMessage;
declare const session: {
  readonly refreshToken: string;
  accessToken(): Promise<import('h2o-ai-cloud').AccessToken>;
  save(refreshToken: string): Promise<void>;
};
declare const redis: import('h2o-ai-cloud').RedisClient;
declare function saveSession(refreshToken: string): Promise<void>;
declare function send(text: string | undefined): void;

// A local cloud in a test.
declare const local: import('h2o-ai-cloud/testing').RunningCloud;
declare const faults: import('h2o-ai-cloud/testing').Faults;

// The package from inside, for docstrings of what is not public.
declare const getJson: import('./src/environment/discovery.js').GetJson;
declare const systemClock: import('h2o-ai-cloud').Clock;
declare const silentLogger: import('h2o-ai-cloud').Logger;
declare const client: import('./src/identity/oidc.js').OidcClient;
declare const staticTokenCredential: typeof import('./src/identity/static-token.js').staticTokenCredential;
declare const environment: import('./src/environment/cloud-environment.js').CloudEnvironment;
declare const askWave: typeof import('./src/identity/wave/ask-wave.js').askWave;
declare const waveAuth: import('./src/identity/wave/ask-wave.js').WaveAuth;
declare const secret: import('h2o-ai-cloud').Secret;
declare const readFileSync: typeof import('node:fs').readFileSync;
declare const readFile: typeof import('node:fs/promises').readFile;
declare const row: Readonly<Record<string, string>>;
declare const app: import('hono').Hono;
declare const models: ReadonlyMap<string, import('./src/local/scorer/scorer.js').ScorerModel>;

// A Wave app.
declare const serveWaveApp: typeof import('h2o-ai-cloud/wave').serveWaveApp;
declare const event: import('h2o-ai-cloud/wave').WaveEvent;
`;

/** A real Wave server for tests, started by the script in `wave/`. Its sessions live in its memory: a new one knows nobody. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('wave/start.sh', import.meta.url));

export interface WavedOptions {
  /** The issuer at which users sign in; without one everybody is anonymous. */
  readonly issuer?: string;
  /** Default `wave-app`. */
  readonly client?: string;
  /** What Wave asks for at sign-in. Default: `openid` and the scopes of the cloud. */
  readonly scopes?: readonly string[];
  /** Default: `/`. */
  readonly baseUrl?: string;
}

export interface Waved extends AsyncDisposable {
  /** Where browsers find it, its base path included, without a slash at its end. */
  readonly url: string;
  /** The variables that its launcher would give an app. */
  readonly env: Readonly<Record<string, string>>;
}

const accessKey = { id: 'server-key', secret: 'server-secret' };

export async function startWaved(options: WavedOptions = {}): Promise<Waved> {
  const { issuer, client = 'wave-app', scopes = ['openid', 'ai.h2o.storage', 'ai.h2o.deploy'], baseUrl = '/' } = options;
  const port = await freePort();
  const address = `http://127.0.0.1:${String(port)}`;
  const signIn = {
    'oidc-client-id': client,
    'oidc-client-secret': `${client}-secret`,
    'oidc-provider-url': issuer ?? '',
    'oidc-redirect-url': `${address}${baseUrl}_auth/callback`,
    'oidc-end-session-url': `${issuer ?? ''}/protocol/openid-connect/logout`,
    'oidc-post-logout-redirect-url': `${address}${baseUrl}`,
    'oidc-scopes': scopes.join(','),
  };
  const settings = {
    'base-url': baseUrl,
    'access-key-id': accessKey.id,
    'access-key-secret': accessKey.secret,
    ...(issuer === undefined ? {} : signIn),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`-${name}`, value]);
  const env = { ...process.env, LAB_OWNER_PID: String(process.pid) };
  const { stdout } = await run('bash', [script, String(port), ...flags, ...(issuer === undefined ? [] : ['-oidc-skip-login'])], { env });
  const pid = Number(/^WAVED_PID=(\d+)$/m.exec(stdout)?.[1]);
  return {
    url: `${address}${baseUrl}`.replace(/\/$/, ''),
    env: {
      H2O_WAVE_ADDRESS: address,
      H2O_WAVE_BASE_URL: baseUrl,
      H2O_WAVE_ACCESS_KEY_ID: accessKey.id,
      H2O_WAVE_ACCESS_KEY_SECRET: accessKey.secret,
      ...(issuer === undefined
        ? {}
        : {
            H2O_WAVE_OIDC_PROVIDER_URL: issuer,
            H2O_WAVE_OIDC_CLIENT_ID: client,
            H2O_WAVE_OIDC_CLIENT_SECRET: `${client}-secret`,
          }),
    },
    [Symbol.asyncDispose]: () => {
      process.kill(pid);
      return Promise.resolve();
    },
  };
}

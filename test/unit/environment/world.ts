/**
 * A world around a CloudEnvironment: files, variables and a discovery service that tests describe by what is special about them.
 */
import { NotFoundError } from '../../../src/errors/api-error.js';
import { CloudEnvironment } from '../../../src/environment/cloud-environment.js';
import type { GetJson } from '../../../src/environment/discovery.js';
import type { EnvironmentOptions } from '../../../src/environment/options.js';
import { H2OCloudError } from '../../../src/errors/base.js';
import type { Clock } from '../../../src/internal/clock.js';
import type { Logger } from '../../../src/internal/logger.js';

export const cloudUrl = 'https://cloud.example.com';
export const base = `${cloudUrl}/.ai.h2o.cloud.discovery`;
export const home = '/home/ada';
export const cliFile = '/home/ada/.h2oai/h2o-cli-config.toml';

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #elapsedMs = 0;

  now(): number {
    return 1_700_000_000_000 + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  schedule(): () => void {
    throw new Error('nothing here waits for time');
  }

  advance(elapsedMs: number): void {
    this.#elapsedMs += elapsedMs;
  }
}

/** Answers by full URL; a function is called, an Error is thrown, an absent one is a 404. */
export type Answers = Readonly<Record<string, unknown>>;

export function notFound(): NotFoundError {
  return new NotFoundError({ code: 'NOT_FOUND', status: 404, what: 'The service answered 404.' });
}

export function getJsonFrom(answers: Answers): { readonly getJson: GetJson; readonly requests: string[] } {
  const requests: string[] = [];
  const getJson: GetJson = async (url) => {
    requests.push(url);
    await Promise.resolve();
    if (!Object.hasOwn(answers, url)) throw notFound();
    const answer = answers[url];
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? (answer as () => unknown)() : answer;
  };
  return { getJson, requests };
}

/** The answers of a discovery service with the usual content. */
export function discoveryAnswers(
  changes: { readonly at?: string; readonly environment?: object; readonly services?: object[]; readonly clients?: object[] } = {},
): Answers {
  const at = changes.at ?? base;
  return {
    [`${at}/v1/environment`]: {
      environment: {
        h2oCloudEnvironment: cloudUrl,
        issuerUrl: 'https://login.example.com/realms/hac',
        h2oCloudPlatformOauth2Scope: 'openid h2o.cloud.platform',
        ...changes.environment,
      },
    },
    [`${at}/v1/services`]: {
      services: changes.services ?? [
        {
          name: 'services/mlops-api',
          displayName: 'MLOps',
          uri: 'https://mlops.example.com/',
          oauth2Scope: 'openid ai.h2o.storage ai.h2o.mlops',
        },
        { name: 'services/drive-sts', displayName: 'STS', uri: 'https://drive.example.com/sts/' },
        { name: 'services/userdrive', displayName: 'Drive', uri: 'https://drive.example.com/user/' },
        { name: 'services/engine-manager', displayName: 'Engines', uri: 'https://engines.example.com' },
      ],
    },
    [`${at}/v1/clients`]: {
      clients: changes.clients ?? [{ name: 'clients/platform', displayName: 'Platform', oauth2ClientId: 'hac-platform' }],
    },
  };
}

export interface World {
  readonly options?: EnvironmentOptions;
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, string | Error>>;
  readonly answers?: Answers;
}

function fileError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: no such file, open '${path}'`), { code });
}

/** A CloudEnvironment in a described world, with what it did there. */
export function environmentIn({ options = {}, variables = {}, files = {}, answers = {} }: World = {}): {
  readonly environment: CloudEnvironment;
  readonly requests: readonly string[];
  readonly reads: readonly string[];
  readonly warnings: readonly string[];
  readonly clock: TestClock;
} {
  const { getJson, requests } = getJsonFrom(answers);
  const reads: string[] = [];
  const warnings: string[] = [];
  const clock = new TestClock();
  const nothing = (): void => undefined;
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  const readTextFile = async (path: string): Promise<string> => {
    reads.push(path);
    await Promise.resolve();
    const content = Object.hasOwn(files, path) ? files[path] : undefined;
    if (content === undefined) throw fileError('ENOENT', path);
    if (content instanceof Error) throw content;
    return content;
  };
  const environment = new CloudEnvironment({ env: variables, ...options }, { getJson, clock, logger, readTextFile, homeDirectory: home });
  return { environment, requests, reads, warnings, clock };
}

/** The error that work ends with. */
export async function errorOf(work: (() => unknown) | Promise<unknown>): Promise<H2OCloudError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof H2OCloudError) return error;
    throw error;
  }
  throw new Error('no error came');
}

export function unreadable(code: string): Error {
  return fileError(code, 'somewhere');
}

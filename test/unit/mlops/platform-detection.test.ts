/** Which platform it is: what follows from discovery, from the gateway, and what is said when nothing follows. */
import { describe, expect, it, test } from 'vitest';
import { ConfigurationError, H2OCloud, H2OCloudError, NotFoundError, PermissionDeniedError, type H2OCloudOptions } from 'h2o-ai-cloud';
import { guessPlatform, type PlatformFindings } from '../../../src/mlops/platform-detection.js';

const nothing: PlatformFindings = { given: undefined, discovery: undefined, authz: undefined, secureStore: undefined };

describe('what is known without asking MLOps', () => {
  test.each<[string, Partial<PlatformFindings>, string | undefined]>([
    ['the option decides', { given: '1.0', discovery: 'd', authz: 'a', secureStore: 's' }, '1.0'],
    ['discovery without an authorization service', { discovery: 'd' }, '0.69'],
    ['a secure store alone says nothing', { discovery: 'd', secureStore: 's' }, '0.69'],
    ['an authorization service', { discovery: 'd', authz: 'a' }, '1.0'],
    ['an authorization service and a secure store', { discovery: 'd', authz: 'a', secureStore: 's' }, '1.2'],
    ['both, without discovery', { authz: 'a', secureStore: 's' }, '1.2'],
    ['an authorization service, and nobody who could name a secure store', { authz: 'a' }, undefined],
    ['a gateway alone', {}, undefined],
  ])('%s', (_, findings, name) => {
    expect(guessPlatform({ ...nothing, ...findings })?.name).toBe(name);
  });
});

/** A cloud of which only the gateway is known. */
function onlyGateway(answer: (path: string) => Response, options: H2OCloudOptions = {}): { cloud: H2OCloud; asked: string[] } {
  const asked: string[] = [];
  const cloud = new H2OCloud({
    env: {},
    services: { mlops: 'https://mlops.example.com' },
    retry: { limit: 0 },
    fetch: (url) => {
      const path = new URL(url).pathname;
      asked.push(path);
      return Promise.resolve(answer(path));
    },
    ...options,
  });
  return { cloud, asked };
}

const status = (code: number, message: string, httpStatus: number): Response =>
  Response.json({ code, message, details: [] }, { status: httpStatus });
const failure = async (promise: Promise<unknown>): Promise<H2OCloudError> => {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof H2OCloudError) return reason;
  throw new Error('It did not fail as expected.', { cause: reason });
};

describe('a gateway of which nothing else is known is asked once', () => {
  const probe = '/deployer/v2/configuration/securityOptionTypes';

  it('without a REST deployer it is 0.69', async () => {
    const { cloud, asked } = onlyGateway((path) =>
      path === probe ? status(5, 'Not Found', 404) : Response.json({ project: [], paging: null }),
    );
    const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
    expect(await mlops.platform()).toBe('0.69');
    expect(await mlops.projects.list().toArray()).toEqual([]);
    expect(asked).toEqual([probe, '/storage/ai.h2o.storage.ProjectService/ListProjects']);
  });

  it('with one, the program must say whether it is 1.0 or 1.2', async () => {
    const { cloud } = onlyGateway(() => Response.json({ securityOptionTypes: [] }));
    const error = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.platform());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/1\.0 or 1\.2.*mlopsPlatform.*H2O_CLOUD_ENVIRONMENT/s);
  });

  test.each<[string, Response, string]>([
    ['a web page', new Response('<html></html>', { headers: { 'content-type': 'text/html' } }), 'RESPONSE_INVALID'],
    ['a 404 of a web server', new Response('<html>', { status: 404 }), 'NOT_FOUND'],
    ['a failure', status(13, 'oops', 500), 'SERVER_ERROR'],
    ['a refused token', status(16, 'no', 401), 'AUTH_REJECTED'],
    ['a missing permission', status(7, 'no', 403), 'PERMISSION_DENIED'],
  ])('%s decides nothing, and the error says how to set it', async (_, answer, code) => {
    const { cloud } = onlyGateway(() => answer.clone());
    const error = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.platform());
    expect(error.code).toBe(code);
    expect(error.message).toContain('mlopsPlatform');
  });

  it('what one user may not see is asked again for another, and again for the same user', async () => {
    let refuses = true;
    const { cloud } = onlyGateway(() => (refuses ? status(7, 'no', 403) : status(5, 'Not Found', 404)));
    const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
    await expect(mlops.platform()).rejects.toThrow(PermissionDeniedError);
    refuses = false;
    expect(await cloud.onBehalfOf({ accessToken: 'other' }).mlops.platform()).toBe('0.69');
    expect(await mlops.platform()).toBe('0.69');
  });
});

describe('a wrong guess', () => {
  it('shows in the error for a path that is not there: what was found, and how to set the platform', async () => {
    const { cloud } = onlyGateway(() => status(5, 'Not Found', 404), { mlopsPlatform: '0.69' });
    const error = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.projects.list().first());
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toMatch(/taken for platform 0\.69, since the option mlopsPlatform says so.*mlopsPlatform: '0\.69'/s);
  });

  it('is not suspected where a resource is missing', async () => {
    const { cloud } = onlyGateway(() => status(5, 'project not found: x', 404), { mlopsPlatform: '0.69' });
    const error = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.projects.get('x'));
    expect(error.message).not.toContain('mlopsPlatform');
  });
});

describe('the authorization service of platform 1.x', () => {
  it('is named in the error when only the gateway is known', async () => {
    const { cloud } = onlyGateway(() => Response.json({}), { mlopsPlatform: '1.0' });
    const error = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.projects.list().first());
    expect(error).toMatchObject({ code: 'CONFIGURATION_MISSING' });
    expect(error.message).toContain('services.mlops.authz');
  });

  it('comes from discovery beside a gateway that is given, and the secure store is not needed', async () => {
    const services = [{ name: 'services/authz-gateway', displayName: 'a', uri: 'https://authz.example.com' }];
    const asked: string[] = [];
    const cloud = new H2OCloud({
      env: { H2O_CLOUD_ENVIRONMENT: 'https://cloud.example.com' },
      services: { mlops: 'https://mlops.example.com' },
      fetch: (url) => {
        const { host, pathname } = new URL(url);
        asked.push(host + pathname);
        if (pathname.endsWith('/v1/services')) return Promise.resolve(Response.json({ services }));
        if (host === 'authz.example.com') return Promise.resolve(Response.json({ workspaces: [] }));
        return Promise.resolve(Response.json({ environment: {}, clients: [], links: [], components: [] }));
      },
    });
    const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
    expect(await mlops.projects.list().toArray()).toEqual([]);
    expect(await mlops.platform()).toBe('1.0');
    expect(asked.at(-1)).toBe('authz.example.com/v1/workspaces');
    expect(asked.every((path) => path.startsWith('cloud.example.com/') || path === 'authz.example.com/v1/workspaces')).toBe(true);
  });
});

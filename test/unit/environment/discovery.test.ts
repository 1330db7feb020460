/**
 * The client of the discovery service.
 */
import { describe, expect, it, test } from 'vitest';
import { Discovery } from '../../../src/environment/discovery.js';
import { ServerError } from '../../../src/errors/api-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../../../src/errors/connection-error.js';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { base, cloudUrl, discoveryAnswers, errorOf, getJsonFrom, TestClock, type Answers } from './world.js';

function discoveryWith(
  answers: Answers,
  url = base,
): { readonly discovery: Discovery; readonly requests: readonly string[]; readonly clock: TestClock } {
  const clock = new TestClock();
  const { getJson, requests } = getJsonFrom(answers);
  return { discovery: new Discovery({ url, origin: 'option environment' }, { getJson, clock }), requests, clock };
}

const html = new ResponseValidationError({ code: 'RESPONSE_INVALID', what: 'The answer is HTML.' });
const refused = new ConnectionError({
  code: 'CONNECTION_FAILED',
  what: 'The connection was refused (ECONNREFUSED).',
  fix: 'Is it running?',
  retryable: true,
});

describe('what a discovery service says', () => {
  it('is read in our words, without a request before it is asked for', async () => {
    const { discovery, requests } = discoveryWith(discoveryAnswers());
    expect(requests).toEqual([]);
    expect(await discovery.environment()).toEqual({
      cloud: { url: cloudUrl },
      issuer: { url: 'https://login.example.com/realms/hac' },
      platformScope: 'openid h2o.cloud.platform',
      version: undefined,
    });
    expect((await discovery.services()).get('mlops-api')).toEqual({
      key: 'mlops-api',
      displayName: 'MLOps',
      address: { url: 'https://mlops.example.com' },
      exactAddress: { url: 'https://mlops.example.com/' },
      version: undefined,
      scopes: ['openid', 'ai.h2o.storage', 'ai.h2o.mlops'],
    });
    expect((await discovery.clients()).get('platform')?.clientId).toBe('hac-platform');
    expect(requests).toEqual([`${base}/v1/environment`, `${base}/v1/services`, `${base}/v1/clients`]);
  });

  it('keeps the path of its own address', async () => {
    const at = 'https://gateway.example.com/some/path';
    const { discovery } = discoveryWith(discoveryAnswers({ at }), at);
    expect((await discovery.clients()).size).toBe(1);
  });

  it('may have unknown, null and missing fields', async () => {
    const { discovery } = discoveryWith({
      [`${base}/v1/environment`]: {
        environment: { h2oCloudEnvironment: cloudUrl, issuerUrl: 'https://i', h2oCloudVersion: null, more: { x: 1 } },
        extra: [],
      },
      [`${base}/v1/services`]: { services: [{ name: 'services/a', uri: 'https://a', oauth2Scope: null, extra: true }] },
      [`${base}/v1/clients`]: {},
      [`${base}/v1/links`]: { links: null },
    });
    expect((await discovery.environment()).platformScope).toBe('');
    expect((await discovery.services()).get('a')?.scopes).toEqual([]);
    expect((await discovery.clients()).size).toBe(0);
    expect((await discovery.links()).size).toBe(0);
  });

  it('lists links and components, or none where the server has none', async () => {
    const has = discoveryWith({
      [`${base}/v1/links`]: {
        links: [
          { name: 'links/docs', uri: 'https://docs.example.com/?a=1', text: 'Docs' },
          { name: 'links/bad', uri: 'javascript:alert(1)' },
        ],
      },
      [`${base}/v1/components`]: { components: [{ name: 'components/mlops', displayName: 'MLOps', version: '1.2' }] },
    });
    expect((await has.discovery.links()).get('docs')).toEqual({
      key: 'docs',
      text: 'Docs',
      address: { url: 'https://docs.example.com/?a=1' },
    });
    expect((await has.discovery.links()).get('bad')?.address.url).toBeUndefined();
    expect((await has.discovery.components()).get('mlops')?.version).toBe('1.2');
    const hasNot = discoveryWith({});
    expect((await hasNot.discovery.links()).size).toBe(0);
    expect((await hasNot.discovery.components()).size).toBe(0);
  });

  it('cannot reach prototypes with hostile keys', async () => {
    const hostile: unknown = JSON.parse(
      '{"services":[{"name":"services/__proto__","uri":"https://evil","__proto__":{"oauth2Scope":"evil"}},{"name":"services/constructor","uri":"https://evil"}],"__proto__":{"polluted":1}}',
    );
    const { discovery } = discoveryWith({ [`${base}/v1/services`]: hostile });
    const services = await discovery.services();
    expect([...services.keys()]).toEqual(['__proto__', 'constructor']);
    expect(services.get('__proto__')?.scopes).toEqual([]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Reflect.get({}, 'oauth2Scope')).toBeUndefined();
  });
});

describe('addresses that a discovery service names', () => {
  it.each([
    ['http://mlops.example.com', 'is plain http'],
    ['https://localhost', 'on this machine'],
    ['https://169.254.169.254', 'link-local'],
    ['mlops.example.com', 'not an absolute URL'],
    ['', 'not an absolute URL'],
  ])('%s is refused one by one, and the others stay usable', async (uri, reason) => {
    const { discovery } = discoveryWith(
      discoveryAnswers({
        services: [
          { name: 'services/bad', uri },
          { name: 'services/good', uri: 'https://good.example.com' },
        ],
      }),
    );
    const services = await discovery.services();
    expect(services.get('bad')?.address.refused).toContain(reason);
    expect(services.get('bad')?.exactAddress.refused).toContain(reason);
    expect(services.get('good')?.address.url).toBe('https://good.example.com');
  });

  it('may be http on this machine when the discovery service is there itself', async () => {
    const at = 'http://127.0.0.1:8080/.ai.h2o.cloud.discovery';
    const { discovery } = discoveryWith(discoveryAnswers({ at, environment: { issuerUrl: 'http://127.0.0.1:8080/auth' } }), at);
    expect((await discovery.environment()).issuer).toEqual({ url: 'http://127.0.0.1:8080/auth' });
  });
});

describe('pages', () => {
  const service = (name: string): object => ({ name: `services/${name}`, uri: `https://${name}.example.com` });

  it.each([[{}], [{ nextPageToken: '' }], [{ nextPageToken: null }]])('end with %j', async (end) => {
    const { discovery, requests } = discoveryWith({
      [`${base}/v1/services`]: { services: [service('a')], nextPageToken: 'x/y=' },
      [`${base}/v1/services?pageToken=x%2Fy%3D`]: { services: [service('b')], ...end },
    });
    expect([...(await discovery.services()).keys()]).toEqual(['a', 'b']);
    expect(requests).toHaveLength(2);
  });

  it('that repeat a token are an error instead of a loop', async () => {
    const { discovery, requests } = discoveryWith({
      [`${base}/v1/services`]: { services: [], nextPageToken: '1' },
      [`${base}/v1/services?pageToken=1`]: { services: [], nextPageToken: '2' },
      [`${base}/v1/services?pageToken=2`]: { services: [], nextPageToken: '1' },
    });
    const error = await errorOf(discovery.services());
    expect(error).toBeInstanceOf(ResponseValidationError);
    expect(error.code).toBe('PAGE_TOKEN_REPEATED');
    expect(requests).toHaveLength(3);
  });

  it('that never end are an error too', async () => {
    let page = 0;
    const discovery = new Discovery(
      { url: base, origin: 'test' },
      { clock: new TestClock(), getJson: () => Promise.resolve({ services: [], nextPageToken: String((page += 1)) }) },
    );
    expect((await errorOf(discovery.services())).code).toBe('PAGE_TOKEN_REPEATED');
    expect(page).toBeLessThan(200);
  });
});

describe('the cache', () => {
  it('serves many callers with one request, for ten minutes', async () => {
    const { discovery, requests, clock } = discoveryWith(discoveryAnswers());
    await Promise.all(Array.from({ length: 100 }, () => discovery.services()));
    clock.advance(10 * 60_000 - 1);
    await discovery.services();
    expect(requests).toHaveLength(1);
    clock.advance(1);
    await discovery.services();
    expect(requests).toHaveLength(2);
  });

  it('does not keep a failure', async () => {
    let isUp = false;
    const { discovery } = discoveryWith({
      [`${base}/v1/clients`]: () => {
        if (!isUp) throw refused;
        return { clients: [] };
      },
    });
    await expect(discovery.clients()).rejects.toBeInstanceOf(ConnectionError);
    isUp = true;
    expect((await discovery.clients()).size).toBe(0);
  });

  it('is filled though the caller who began has left', async () => {
    const { discovery, requests } = discoveryWith(discoveryAnswers());
    const leaver = new AbortController();
    const left = discovery.environment({ signal: leaver.signal });
    const stayed = discovery.environment();
    leaver.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    expect((await stayed).cloud.url).toBe(cloudUrl);
    expect(requests).toHaveLength(1);
  });
});

describe('what is not a discovery service', () => {
  test.each(['environment', 'services', 'clients'] as const)('a 404 on %s says which URL, why, and how to set it', async (part) => {
    const { discovery } = discoveryWith({});
    const error = await errorOf(discovery[part]());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.code).toBe('DISCOVERY_FAILED');
    for (const text of [
      base,
      'option environment',
      '404',
      'not be enabled',
      "not the cloud's",
      'H2O_CLOUD_ENVIRONMENT',
      'H2O_CLOUD_DISCOVERY',
      'services.*',
    ]) {
      expect(error.message).toContain(text);
    }
  });

  it('is a page of HTML, also for links', async () => {
    const { discovery } = discoveryWith({ [`${base}/v1/environment`]: html, [`${base}/v1/links`]: html });
    expect((await errorOf(discovery.environment())).code).toBe('DISCOVERY_FAILED');
    expect((await errorOf(discovery.links())).code).toBe('DISCOVERY_FAILED');
  });

  it.each([
    ['environment', [], 'not an object'],
    ['environment', { environment: { h2oCloudEnvironment: cloudUrl } }, 'environment.issuerUrl'],
    ['services', { services: [{ name: 'services/a' }] }, 'uri'],
    ['services', { services: 'many' }, 'v1/services'],
    ['services', { services: [], nextPageToken: 7 }, 'nextPageToken'],
    ['services', { services: [{ name: 'clients/a', uri: 'https://a' }] }, 'services/'],
    ['clients', { clients: [{ name: 'clients/', oauth2ClientId: 'x' }] }, 'clients/'],
  ] as const)('%s with %j is an invalid answer that names the field', async (part, answer, text) => {
    const { discovery } = discoveryWith({ [`${base}/v1/${part}`]: answer });
    const error = await errorOf(discovery[part]());
    expect(error).toBeInstanceOf(ResponseValidationError);
    expect(error.code).toBe('RESPONSE_INVALID');
    expect(error.message).toContain(text);
  });
});

describe('a discovery service that does not answer', () => {
  it('is a ConnectionError that names the host and keeps what is known', async () => {
    const { discovery } = discoveryWith({ [`${base}/v1/environment`]: refused });
    const error = await errorOf(discovery.environment());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).not.toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
    for (const text of ['cloud.example.com', 'option environment', 'ECONNREFUSED', 'Is it running?']) expect(error.message).toContain(text);
  });

  it('in time is a TimeoutError', async () => {
    const { discovery } = discoveryWith({
      [`${base}/v1/clients`]: new TimeoutError({ code: 'TIMEOUT', what: 'Too late.', requestId: 'r-1' }),
    });
    const error = await errorOf(discovery.clients());
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'TIMEOUT', requestId: 'r-1' });
  });

  it('with 5xx passes its error through', async () => {
    const down = new ServerError({ code: 'SERVER_ERROR', status: 503, what: 'Down.', retryable: true });
    const { discovery } = discoveryWith({ [`${base}/v1/clients`]: down });
    await expect(discovery.clients()).rejects.toBe(down);
  });
});

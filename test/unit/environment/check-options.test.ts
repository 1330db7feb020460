/**
 * What the options allow, and how a wrong one is named.
 */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { checkedOptions } from '../../../src/environment/check-options.js';
import { errorOf } from './world.js';

const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('options that are accepted', () => {
  it('may all be absent, undefined or empty', () => {
    const nothing = checkedOptions({});
    expect(
      checkedOptions({
        environment: undefined,
        discovery: '',
        services: { mlops: undefined, steam: '  ', drive: undefined, engines: { url: '' } },
        oidc: { issuer: '', tokenEndpoint: undefined, clientSecret: '', allowInsecure: undefined },
        wave: { address: undefined, accessKey: undefined },
        roles: undefined,
        mlopsPlatform: undefined,
        trustedScorerOrigins: undefined,
        trustedOrigins: undefined,
        env: undefined,
        unknown: undefined,
      }),
    ).toEqual(nothing);
    expect(nothing.services.size).toBe(0);
  });

  it('take every form of a service, also for its parts', () => {
    const { services } = checkedOptions({
      services: {
        mlops: { gateway: { env: 'GATEWAY' }, authz: 'https://authz.example.com', secureStore: { file: '/secrets/store' } },
        steam: { url: 'http://steam.internal', allowInsecure: true },
        drive: { sts: 'https://sts.example.com' },
      },
    });
    expect(Object.fromEntries([...services].map(([name, { option, from }]) => [name, { option, from }]))).toEqual({
      mlops: { option: 'services.mlops.gateway', from: { variable: 'GATEWAY' } },
      mlopsAuthz: { option: 'services.mlops.authz', from: { url: 'https://authz.example.com', allowInsecure: false } },
      mlopsSecureStore: { option: 'services.mlops.secureStore', from: { file: '/secrets/store' } },
      steam: { option: 'services.steam', from: { url: 'http://steam.internal', allowInsecure: true } },
      driveSts: { option: 'services.drive.sts', from: { url: 'https://sts.example.com', allowInsecure: false } },
    });
  });

  it('let one address of Drive stand for all its parts', () => {
    const { services } = checkedOptions({ services: { drive: 'https://drive.example.com' } });
    expect([...services.keys()]).toEqual(['driveSts', 'driveUser', 'driveWorkspace']);
    expect(services.get('driveSts')?.append).toBe('/sts/');
  });

  it.each<[string, object, string]>([
    ['a secret goes in the body', { clientSecret: 's' }, 'client_secret_post'],
    ['a secret by Basic', { clientSecret: 's', clientAuthentication: 'client_secret_basic' }, 'client_secret_basic'],
    ['a key signs', { privateKey, keyId: 'k' }, 'private_key_jwt'],
    ['a certificate needs nothing here', { clientAuthentication: 'tls_client_auth' }, 'tls_client_auth'],
  ])('say how the client authenticates: %s', (_, oidc, method) => {
    expect(checkedOptions({ oidc: { clientId: 'c', ...oidc } }).oidc.proof?.method).toBe(method);
  });

  it('reduce trusted origins to origins', () => {
    expect(checkedOptions({ trustedScorerOrigins: ['https://Scorer.example.com:443/'] }).trustedScorerOrigins).toEqual([
      'https://scorer.example.com',
    ]);
  });

  it('leave names alone that the caller handles itself', () => {
    expect(() => checkedOptions({ tokenStore: 'memory' }, ['tokenStore'])).not.toThrow();
  });
});

test.each<[string, unknown, readonly string[]]>([
  ['no object', 'https://cloud', ['options', 'environment']],
  ['null', null, ['options']],
  ['an unknown option', { enviroment: 'https://cloud' }, ['option enviroment does not exist', 'environment, discovery']],
  ['an unknown service', { services: { mlop: 'https://x' } }, ['services.mlop does not exist', 'mlops, steam']],
  ['a key that is none', { oidc: { clientId: 'c', privateKey: 'planted-key' } }, ['oidc.privateKey', 'PEM']],
  ['a key and a secret', { oidc: { clientId: 'c', privateKey, clientSecret: 's' } }, ['oidc.clientSecret', 'oidc.privateKey']],
  ['a key for another method', { oidc: { clientId: 'c', privateKey, clientAuthentication: 'client_secret_basic' } }, ['oidc.privateKey']],
  ['a method without its key', { oidc: { clientId: 'c', clientAuthentication: 'private_key_jwt' } }, ['oidc.privateKey', 'is missing']],
  ['a certificate and a secret', { oidc: { clientSecret: 's', clientAuthentication: 'tls_client_auth' } }, ['oidc.clientSecret']],
  ['the name of no key', { oidc: { keyId: 'k' } }, ['oidc.keyId']],
  ['an unknown method', { oidc: { clientAuthentication: 'magic' } }, ['oidc.clientAuthentication', 'client_secret_basic']],
  ['trusted origins with a path', { trustedOrigins: ['https://a.example.com/x'] }, ['trustedOrigins[0]', 'path']],
  ['an unknown member of oidc', { oidc: { secret: 'x' } }, ['oidc.secret does not exist', 'clientSecret']],
  ['a number for a URL', { environment: 7 }, ['option environment is not a string']],
  ['null for a URL', { discovery: null }, ['option discovery is not a string']],
  ['null for a group', { oidc: null }, ['option oidc is not an object']],
  ['an array for a group', { roles: [] }, ['option roles is not an object']],
  ['a malformed URL', { environment: 'cloud.example.com' }, ['option environment is not an absolute URL', 'https']],
  ['plain http to another machine', { environment: 'http://cloud.example.com' }, ['option environment is plain http']],
  ['a file URL', { discovery: 'file:///etc' }, ['option discovery is neither https nor http']],
  ['a user name in a URL', { services: { steam: 'https://me:pw@steam' } }, ['services.steam has a user name']],
  ['http without leave', { services: { mlops: 'http://mlops.internal' } }, ['services.mlops is plain http', 'allowInsecure: true']],
  ['http in a part', { services: { mlops: { gateway: 'http://mlops.internal' } } }, ['services.mlops.gateway is plain http']],
  ['parts without the main one', { services: { mlops: { authz: 'https://x' } } }, ['services.mlops.gateway is missing']],
  ['drive without sts', { services: { drive: { user: 'https://x' } } }, ['services.drive.sts is missing']],
  ['a source of two kinds', { services: { steam: { env: 'A', file: '/b' } } }, ['services.steam names more than one source']],
  ['a source of no kind', { services: { steam: {} } }, ['services.steam names no source', "{ env: 'NAME' }"]],
  ['a service of another type', { services: { engines: 7 } }, ['services.engines is of the wrong type']],
  ['a value where a name belongs', { services: { steam: { env: 'https://steam' } } }, ['services.steam.env is not the name of a variable']],
  [
    'allowInsecure beside a variable',
    { services: { steam: { env: 'A', allowInsecure: true } } },
    ['services.steam has allowInsecure without url'],
  ],
  [
    'allowInsecure as text',
    { services: { steam: { url: 'https://x', allowInsecure: 'yes' } } },
    ['services.steam.allowInsecure is not a boolean'],
  ],
  ['issuer and token endpoint', { oidc: { issuer: 'https://a', tokenEndpoint: 'https://b' } }, ['oidc.issuer and oidc.tokenEndpoint']],
  ['environment and discovery', { environment: 'https://a', discovery: 'https://b' }, ['environment and discovery contradict']],
  [
    'metadata for an issuer',
    { oidc: { issuer: 'https://a/.well-known/openid-configuration' } },
    ['oidc.issuer is the address of metadata'],
  ],
  ['an http issuer', { oidc: { issuer: 'http://login.example.com' } }, ['oidc.issuer is plain http']],
  ['a key without its secret', { wave: { accessKey: { id: 'x' } } }, ['wave.accessKey.secret is missing']],
  ['an unknown platform', { mlopsPlatform: '2.0' }, ['mlopsPlatform is not a known platform', "'0.69', '1.0', '1.2'"]],
  ['origins that are no array', { trustedScorerOrigins: 'https://x' }, ['trustedScorerOrigins is not an array']],
  ['an origin with a path', { trustedScorerOrigins: ['https://x', 'https://y/z'] }, ['trustedScorerOrigins[1] has a path']],
  ['an http origin', { trustedScorerOrigins: ['http://x.example.com'] }, ['trustedScorerOrigins[0] is plain http']],
  ['variables that are no object', { env: 'A=1' }, ['option env is not an object']],
  ['an own member called __proto__', JSON.parse('{"__proto__":{"environment":"https://evil"}}'), ['__proto__ does not exist']],
])('%s is refused by name', async (_, options, texts) => {
  const error = await errorOf(() => checkedOptions(options));
  expect(error.code).toBe('CONFIGURATION_INVALID');
  for (const text of texts) expect(error.message).toContain(text);
});

it('takes nothing from the prototype of the options', () => {
  const inherited: object = Object.create({ environment: 'https://evil.example.com' }) as object;
  expect(checkedOptions(inherited).environment).toBeUndefined();
});

it('names the options of the caller among those that are allowed', async () => {
  const error = await errorOf(() => checkedOptions({ tokenStor: 'memory' }, ['tokenStore', 'fetch']));
  expect(error.message).toContain('tokenStore, fetch');
});

/**
 * Who a request of Wave speaks for, and that nobody else can speak for them.
 */
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { readWaveHeaders, type WaveRequest } from '../../../src/identity/wave/headers.js';
import { Secret } from '../../../src/internal/secret.js';
import { basic, membersOf, onTheWire, secrets, userHeaders } from './fake-waved.js';

const appKey = { id: 'app', secret: new Secret('app-p1anted') };
const authorization = basic('app', 'app-p1anted');
const signed = (headers: Readonly<Record<string, string>> = userHeaders): Record<string, string> => ({ authorization, ...headers });

const lowerCase = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function refusalOf(headers: WaveRequest['headers'], key: Parameters<typeof readWaveHeaders>[1]): unknown {
  try {
    readWaveHeaders({ headers }, key);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a request with the key of the app', () => {
  test.each<[string, WaveRequest['headers']]>([
    ['as Node has it', lowerCase(signed())],
    ['as fetch has it', new Headers(signed())],
    ['as a plain record', signed()],
    ['with one value in an array', { ...signed(), 'Wave-Subject-Id': ['u-1'] }],
  ])('is read %s', (_, headers) => {
    const read = readWaveHeaders({ headers }, appKey);
    expect([read.subject, read.username, read.isAnonymous]).toEqual(['u-1', 'zoë', false]);
    expect(read.accessToken?.value).toBe(secrets.token);
    expect(read.sessionId?.reveal()).toBe(secrets.session);
    expect(read.clientId?.reveal()).toBe(secrets.client);
  });

  it('may have the key as a plain string, with any letters in it', () => {
    const headers = { authorization: basic('äpp', 'p:ä:ss'), 'wave-subject-id': 'u-1' };
    expect(readWaveHeaders({ headers }, { id: 'äpp', secret: 'p:ä:ss' }).subject).toBe('u-1');
  });

  test.each<[string, Record<string, string>]>([
    ['without sign-in', { 'wave-subject-id': 'anon', 'wave-username': 'anon' }],
    ['with nothing', {}],
    ['with a token that belongs to nobody', { 'wave-subject-id': 'anon', 'wave-access-token': secrets.token }],
    ['with an empty token', { 'wave-subject-id': 'u-1', 'wave-access-token': '' }],
  ])('is anonymous %s', (_, headers) => {
    const read = readWaveHeaders({ headers: signed(headers) }, appKey);
    expect([read.isAnonymous, read.accessToken]).toEqual([true, undefined]);
  });

  test.each([
    ['a name in UTF-8', onTheWire('новак-山田'), 'новак-山田'],
    ['a plain name', 'alice', 'alice'],
    ['a name that is not UTF-8', 'zo\u00eb', 'zoë'],
    ['a name that somebody has decoded already', '山田', '山田'],
  ])('names the user: %s', (_, sent, username) => {
    expect(readWaveHeaders({ headers: signed({ 'wave-username': sent }) }, appKey).username).toBe(username);
  });

  it('says nothing that is there twice', () => {
    const headers = { ...signed({}), 'wave-subject-id': ['u-1', 'u-2'], 'wave-access-token': 'a', 'Wave-Access-Token': 'b' };
    expect(readWaveHeaders({ headers }, appKey)).toMatchObject({ subject: 'anon', isAnonymous: true });
  });

  it('does not give away the refresh token of Wave, and shows no secret', () => {
    const read = readWaveHeaders({ headers: signed() }, appKey);
    expect(Object.values(read)).not.toContain(secrets.refresh);
    const shown = `${inspect(read, { showHidden: true, depth: 9 })} ${JSON.stringify(read)} ${JSON.stringify(membersOf(read))} ${inspect(membersOf(read))} ${inspect(structuredClone(read))}`;
    expect(shown).not.toContain('p1anted');
  });
});

describe('a request without the key of the app', () => {
  test.each<[string, WaveRequest['headers'], Parameters<typeof readWaveHeaders>[1]]>([
    ['no authorization', userHeaders, appKey],
    ['another secret', signed({ authorization: basic('app', 'other') }), appKey],
    ['another id', signed({ authorization: basic('other', 'app-p1anted') }), appKey],
    ['the key and more', signed({ authorization: basic('app', 'app-p1anted ') }), appKey],
    ['another scheme', signed({ authorization: authorization.replace('Basic', 'Bearer') }), appKey],
    ['the key among others', { ...userHeaders, authorization: [authorization, basic('a', 'b')] }, appKey],
    ['junk', signed({ authorization: 'Basic ====' }), appKey],
    ['an empty key where none is set', signed({ authorization: basic('', '') }), { id: '', secret: '' }],
    ['half a key', signed({ authorization: basic('app', '') }), { id: 'app', secret: '' }],
    ['a key where none is configured', signed(), undefined],
  ])('is not believed: %s', (_, headers, key) => {
    const error = refusalOf(headers, key);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'CREDENTIAL_FAILED' });
    expect(String(error)).toMatch(/H2O_WAVE_APP_ACCESS_KEY_ID.*H2O_WAVE_APP_ACCESS_KEY_SECRET/);
    expect(inspect(error, { showHidden: true }) + JSON.stringify(error)).not.toContain('p1anted');
  });

  it('is not read at all', () => {
    const asked: string[] = [];
    const headers = {
      get: (name: string): string | null => {
        asked.push(name);
        return null;
      },
    };
    expect(refusalOf(headers, appKey)).toBeInstanceOf(AuthenticationError);
    expect(asked).toEqual(['authorization']);
  });
});

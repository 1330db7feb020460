/**
 * Which addresses may receive tokens.
 */
import { describe, expect, it, test } from 'vitest';
import {
  baseOf,
  checkGivenAddress,
  checkNamedAddress,
  exactBaseOf,
  isLinkLocal,
  isLoopback,
  isSameAddress,
  parseAddress,
} from '../../../src/environment/url-rules.js';

const remote = new URL('https://cloud.example.com/.ai.h2o.cloud.discovery');
const local = new URL('http://127.0.0.1:8080');

describe('an address as it is written', () => {
  test.each([
    ['https://host', undefined],
    ['  https://host/path  ', undefined],
    ['HTTPS://Host', undefined],
    ['http://[::1]:80/x', undefined],
    ['', 'not an absolute URL'],
    ['host.example.com', 'not an absolute URL'],
    ['localhost:8080', 'not an absolute URL'],
    ['/path', 'not an absolute URL'],
    ['https:host', 'not an absolute URL'],
    ['https:/host', 'not an absolute URL'],
    ['https:///host', 'not an absolute URL'],
    ['https://', 'not an absolute URL'],
    ['https://ho st', 'not an absolute URL'],
    ['ht\ntps://host', 'not an absolute URL'],
    ['https://host\\@evil', 'not an absolute URL'],
    ['https://host:99999', 'not an absolute URL'],
    ['javascript:alert(1)', 'not an absolute URL'],
    ['file:///etc/passwd', 'neither https nor http'],
    ['ftp://host', 'neither https nor http'],
    ['https://user:secret@host', 'user name or password'],
    ['https://@host', 'user name or password'],
    ['https://good.example.com@evil.example.com', 'user name or password'],
  ])('%j: %s', (text, problem) => {
    const checked = parseAddress(text);
    if (problem === undefined) expect(checked.url).toBeInstanceOf(URL);
    else expect(checked.problem).toContain(problem);
  });

  it('is never quoted in what is said about it', () => {
    for (const text of ['planted-secret', 'https://x:planted-secret@h', 'ftp://planted-secret']) {
      expect(parseAddress(text).problem).not.toContain('planted-secret');
    }
  });
});

test.each([
  ['http://localhost', true],
  ['http://LOCALHOST.', true],
  ['http://app.localhost', true],
  ['http://127.0.0.1', true],
  ['http://127.8.9.10', true],
  ['http://0x7f.1', true],
  ['http://2130706433', true],
  ['http://[::1]', true],
  ['http://[::ffff:127.0.0.1]', true],
  ['http://127.0.0.1.evil.example.com', false],
  ['http://localhost.evil.example.com', false],
  ['http://notlocalhost', false],
  ['http://128.0.0.1', false],
  ['http://[::2]', false],
])('loopback: %s is %s', (text, expected) => {
  expect(isLoopback(new URL(text))).toBe(expected);
});

test.each([
  ['http://169.254.169.254', true],
  ['http://[fe80::1]', true],
  ['http://[febf::1]', true],
  ['http://[::ffff:169.254.169.254]', true],
  ['http://0xa9fea9fe', true],
  ['http://169.253.0.1', false],
  ['http://[fec0::1]', false],
  ['http://169.254.evil.example.com', false],
])('link-local: %s is %s', (text, expected) => {
  expect(isLinkLocal(new URL(text))).toBe(expected);
});

test.each<[string, boolean, boolean]>([
  ['https://host', false, true],
  ['http://host', false, false],
  ['http://host', true, true],
  ['http://localhost:10101', false, true],
  ['http://169.254.1.1', false, false],
  ['http://10.0.0.1', false, false],
  ['file:///x', true, false],
])('given %s, allowInsecure %s: accepted %s', (text, allowInsecure, accepted) => {
  expect(checkGivenAddress(text, { allowInsecure }).url !== undefined).toBe(accepted);
});

test.each<[string, URL, boolean]>([
  ['https://mlops.example.com', remote, true],
  ['https://10.0.0.7', remote, true],
  ['http://mlops.example.com', remote, false],
  ['https://localhost', remote, false],
  ['https://127.0.0.1', remote, false],
  ['https://0.0.0.0', remote, false],
  ['https://[::]', remote, false],
  ['https://[::ffff:127.0.0.1]', remote, false],
  ['https://169.254.169.254', remote, false],
  ['https://[fe80::1]', remote, false],
  ['file:///etc/passwd', remote, false],
  ['https://user:secret@mlops.example.com', remote, false],
  ['http://127.0.0.1:9000', local, true],
  ['http://localhost:9000', local, true],
  ['https://mlops.example.com', local, true],
  ['http://mlops.example.com', local, false],
  ['https://169.254.169.254', local, false],
])('named %s by %s: accepted %s', (text, namedBy, accepted) => {
  expect(checkNamedAddress(text, namedBy).url !== undefined).toBe(accepted);
});

describe('the form of an address', () => {
  it('has no query, fragment or trailing slash, unless its path is kept', () => {
    const url = new URL('https://Host:443/a/b//?q=1#f');
    expect(baseOf(url)).toBe('https://host/a/b');
    expect(exactBaseOf(url)).toBe('https://host/a/b//');
  });

  test.each([
    ['https://host', 'https://HOST/', true],
    ['https://host:443/a', 'https://host/a//', true],
    ['https://host', 'http://host', false],
    ['https://host/a', 'https://host/A', false],
    ['https://host', 'https://host.evil.example.com', false],
    ['not a url', 'not a url/', true],
  ])('%s and %s are the same: %s', (one, other, expected) => {
    expect(isSameAddress(one, other)).toBe(expected);
  });
});

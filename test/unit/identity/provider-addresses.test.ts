import { describe, expect, it, test } from 'vitest';
import { checkedIssuer, checkedNamedEndpoint, checkedTokenEndpoint, isSameIssuer } from '../../../src/identity/provider-addresses.js';

describe('an issuer', () => {
  test.each([
    ['case 82: one slash at the end is dropped', 'https://idp.example/realms/x/', 'https://idp.example/realms/x'],
    ['case 82: the default port and the case of the host do not count', 'https://IDP.example:443/realms/x', 'https://idp.example/realms/x'],
    ['case 86: plain http on this machine', 'http://127.0.0.1:8080/realms/x', 'http://127.0.0.1:8080/realms/x'],
    ['an issuer without a path', 'https://idp.example/', 'https://idp.example'],
  ])('%s', (_, given, expected) => {
    expect(checkedIssuer(given, false)).toBe(expected);
  });

  test.each([
    ['case 86: plain http to another machine', 'http://idp.example/realms/x', /plain http/],
    ['case 83: the metadata itself', 'https://idp.example/realms/x/.well-known/openid-configuration', /without `\/\.well-known/],
    ['case 85: a user name in it', 'https://user:hunter2@idp.example', /user name/],
    ['case 85: a file', 'file:///etc/passwd', /neither https nor http/],
    ['case 85: link-local', 'https://169.254.169.254/realms/x', /link-local/],
    ['a query', 'https://idp.example/?tenant=1', /query/],
    ['no URL', 'idp.example', /absolute URL/],
  ])('is refused: %s', (_, given, message) => {
    expect(() => checkedIssuer(given, false)).toThrow(message);
    expect(() => checkedIssuer(given, false)).not.toThrow(/hunter2/);
  });

  it('case 86: may be plain http where that was allowed', () => {
    expect(checkedIssuer('http://keycloak:8080/realms/x', true)).toBe('http://keycloak:8080/realms/x');
  });

  test.each<[string, unknown, boolean]>([
    ['the same', 'https://idp.example/realms/x', true],
    ['a slash more', 'https://idp.example/realms/x/', true],
    ['two slashes more', 'https://idp.example/realms/x//', false],
    ['the default port', 'https://idp.example:443/realms/x', true],
    ['another case in the path', 'https://idp.example/realms/X', false],
    ['another host', 'https://evil.example/realms/x', false],
    ['another port', 'https://idp.example:8443/realms/x', false],
    ['missing', undefined, false],
    ['not a text', ['https://idp.example/realms/x'], false],
  ])('case 82: metadata of an issuer that is %s', (_, named, expected) => {
    expect(isSameIssuer(named, 'https://idp.example/realms/x')).toBe(expected);
  });
});

describe('case 85: a token endpoint that metadata name', () => {
  const remote = 'https://idp.example/realms/x';
  const local = 'http://127.0.0.1:8080/realms/x';

  test.each([
    ['on the same origin', 'https://idp.example/token', remote, false],
    ['on another origin, by https', 'https://login.example.org/token', remote, false],
    ['on this machine, of an issuer on this machine', 'http://localhost:9999/token', local, false],
    ['plain http on the same insecure origin', 'http://keycloak:8080/token', 'http://keycloak:8080/realms/x', true],
    ['plain http on the same host, where allowed', 'http://idp.example/token', remote, true],
    ['a private address that is the issuer’s own', 'https://10.1.2.3/token', 'https://10.1.2.3/realms/x', false],
  ])('is trusted: %s', (_, endpoint, issuer, allowInsecure) => {
    expect(checkedNamedEndpoint(endpoint, issuer, allowInsecure)).toBe(endpoint);
  });

  test.each<[string, unknown, string, boolean]>([
    ['a downgrade to http', 'http://idp.example/token', remote, false],
    ['http elsewhere, even where http is allowed', 'http://evil.example/token', remote, true],
    ['the metadata service of a cloud', 'http://169.254.169.254/latest/meta-data', remote, true],
    ['the same by https', 'https://169.254.169.254/token', remote, false],
    ['a private network', 'https://10.0.0.5/token', remote, false],
    ['another', 'https://192.168.1.1/token', remote, false],
    ['and another', 'https://[fd00::1]/token', remote, false],
    ['an IPv4 address inside IPv6', 'https://[::ffff:169.254.169.254]/token', remote, false],
    ['the unspecified address', 'https://0.0.0.0/token', remote, true],
    ['this machine, though the issuer is elsewhere', 'https://127.0.0.1/token', remote, true],
    ['a file', 'file:///etc/passwd', remote, true],
    ['a user name in it', 'https://user:pw@idp.example/token', remote, false],
    ['another host, named over plain http', 'https://evil.example/token', local, false],
    ['the same, where http is allowed', 'https://evil.example/token', 'http://keycloak:8080/realms/x', true],
    ['missing', undefined, remote, false],
    ['not a text', { href: 'https://idp.example/token' }, remote, false],
  ])('is refused: %s', (_, endpoint, issuer, allowInsecure) => {
    expect(() => checkedNamedEndpoint(endpoint, issuer, allowInsecure)).toThrow(expect.objectContaining({ code: 'ORIGIN_NOT_TRUSTED' }));
  });
});

describe('a token endpoint that is given', () => {
  it('is taken as it is', () => {
    expect(checkedTokenEndpoint('https://idp.example/token?x=1', false)).toBe('https://idp.example/token?x=1');
    expect(checkedTokenEndpoint('http://localhost:8080/token', false)).toBe('http://localhost:8080/token');
    expect(checkedTokenEndpoint('http://keycloak:8080/token', true)).toBe('http://keycloak:8080/token');
  });

  test.each([
    'http://idp.example/token',
    'http://169.254.169.254/token',
    'https://169.254.169.254/',
    'file:///token',
    'https://u:p@idp.example/',
    'token',
  ])('is refused: %s', (endpoint) => {
    expect(() => checkedTokenEndpoint(endpoint, false)).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID' }));
  });
});

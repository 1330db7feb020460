/**
 * What an access token says of itself, if it is a JWT. The signature is not checked: the services check it, we only look at
 * what came to us over a trusted connection. Bounded, and safe against crafted keys.
 */

/** Claims of a JWT, unverified. */
export interface JwtClaims {
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  /** When it expires and when it was issued, in milliseconds since the epoch by the issuer's clock. */
  readonly expiresAt: number | undefined;
  readonly issuedAt: number | undefined;
  /** Absent when the token does not tell its scopes. */
  readonly scopes: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  /** The whole payload. */
  readonly payload: Readonly<Record<string, unknown>>;
}

const longestJwt = 65_536;
const jwtShape = /^[\w-]+\.([\w-]+)\.[\w-]*$/;
/** A date beyond this is a mistake, and arithmetic on it would not be safe. */
const latestSeconds = 100_000_000_000;

/** The claims of a token, or undefined for one that is not a readable JWT. */
export function readJwtClaims(token: string): JwtClaims | undefined {
  const encoded = token.length > longestJwt ? undefined : jwtShape.exec(token)?.[1];
  const payload = encoded === undefined ? undefined : parseObject(Buffer.from(encoded, 'base64url').toString('utf8'));
  if (payload === undefined) return undefined;
  return {
    issuer: textOf(payload, 'iss'),
    subject: textOf(payload, 'sub'),
    expiresAt: dateOf(payload, 'exp'),
    issuedAt: dateOf(payload, 'iat'),
    scopes: wordsOf(payload, 'scope')?.flatMap((text) => text.split(' ').filter((scope) => scope !== '')),
    audience: wordsOf(payload, 'aud'),
    payload,
  };
}

/** JSON text as an object without a key that could reach a prototype; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, (key, member: unknown) => (key === '__proto__' ? undefined : member));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A member of an object's own, which a polluted prototype cannot supply. */
export function ownMember(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(payload: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = ownMember(payload, name);
  return typeof value === 'string' ? value : undefined;
}

function dateOf(payload: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const seconds = ownMember(payload, name);
  return typeof seconds === 'number' && seconds > 0 && seconds < latestSeconds ? seconds * 1000 : undefined;
}

function wordsOf(payload: Readonly<Record<string, unknown>>, name: string): readonly string[] | undefined {
  const value = ownMember(payload, name);
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : undefined;
}

/**
 * What a resource server of Spring says of a token that it refuses: the scorer's answer to a caller whose token is no good. It looks at what the
 * token claims, not at its signature, which somebody else has found wanting.
 */
import { decodeJwt } from 'jose';

/** The only characters that a bearer token may have. */
const bearer = /^[\w.~+/-]+=*$/;

const notDecoded = (reason: string): string => `An error occurred while attempting to decode the Jwt: ${reason}`;

/**
 * The value of `WWW-Authenticate` for a token that was refused.
 *
 * @param issuers those whose tokens the server takes
 */
export function tokenRefusal(token: string, issuers: ReadonlySet<string>, now: number): string {
  const description = bearer.test(token) ? whyNotDecoded(token, issuers, now) : 'Bearer token is malformed';
  return `Bearer error="invalid_token", error_description="${description}", error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"`;
}

function whyNotDecoded(token: string, issuers: ReadonlySet<string>, now: number): string {
  const claims = claimsOf(token);
  if (claims === undefined) return notDecoded('Malformed token');
  if (!issuers.has(claims.iss ?? '')) return notDecoded('Signed JWT rejected: Another algorithm expected, or no matching key(s) found');
  const expiresAt = (claims.exp ?? 0) * 1000;
  if (expiresAt > now) return notDecoded('Signed JWT rejected: Invalid signature');
  return notDecoded(`Jwt expired at ${new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z')}`);
}

function claimsOf(token: string): { readonly iss?: string; readonly exp?: number } | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

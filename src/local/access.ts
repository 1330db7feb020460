/**
 * Who calls a service: reads the Bearer token of a request, of this cloud's own provider or of an issuer that it was told to trust.
 * It says what is wrong; the services say it in their own words.
 */
import { compactVerify, createRemoteJWKSet, customFetch, decodeJwt } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import type { Identity } from './identity/identity.js';
import { isUnexpired } from './identity/tokens.js';
import { isObject, parseJson } from './json.js';
import type { JsonObject } from './json.js';

/** Who a good token speaks for. */
export interface Caller {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly scopes: readonly string[];
}

export interface Access {
  /** Those whose tokens are taken: the cloud's own and those it was told to trust. */
  readonly issuers: ReadonlySet<string>;
  /** The caller behind an `Authorization` header; undefined without a token, or with one that is forged, expired, foreign or of an ended session. */
  caller(authorization: string | undefined): Promise<Caller | undefined>;
}

export interface AccessOptions {
  readonly identity: Identity;
  readonly trustIssuers: readonly string[];
}

/** The token of a `Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const callerOf = (claims: JsonObject): Caller => ({
  issuer: text(claims['iss']),
  subject: text(claims['sub']),
  username: text(claims['preferred_username']) || text(claims['sub']),
  displayName: text(claims['name']),
  email: text(claims['email']),
  scopes: text(claims['scope']).split(' '),
});

/** How long an issuer may take for one answer: less than the callers of a scorer wait for theirs. Real time, since the wait is for a real socket. */
const issuerTimeoutMs = 2000;
/** An issuer that was started anew has new keys, so a key that is not known is soon asked for again. */
const keysCooldownMs = 1000;

// Looked up per call: msw and tests replace it while the cloud runs.
const fetchNow: typeof fetch = (input, init) => globalThis.fetch(input, init);

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

async function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${withoutSlash(issuer)}/.well-known/openid-configuration`;
  const answer = await fetchNow(url, { signal: AbortSignal.timeout(issuerTimeoutMs) });
  const document: unknown = await answer.json();
  if (!isObject(document) || document['issuer'] !== issuer) throw new Error(`The discovery document of ${issuer} names another issuer.`);
  return createRemoteJWKSet(new URL(text(document['jwks_uri'])), {
    [customFetch]: fetchNow,
    timeoutDuration: issuerTimeoutMs,
    cooldownDuration: keysCooldownMs,
  });
}

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

export function createAccess({ identity, trustIssuers }: AccessOptions): Access {
  const trusted = new Set(trustIssuers.map(withoutSlash));
  const keys = new Map<string, Promise<JWTVerifyGetKey>>();

  const trustedKeys = (issuer: string): Promise<JWTVerifyGetKey> => {
    const known = keys.get(issuer);
    if (known !== undefined) return known;
    const fetched = keysOf(issuer);
    keys.set(issuer, fetched);
    // An issuer that was down is asked again by the next call.
    fetched.catch(() => keys.delete(issuer));
    return fetched;
  };

  const foreignCaller = async (token: string, issuer: string): Promise<Caller | undefined> => {
    try {
      const { payload } = await compactVerify(token, await trustedKeys(issuer));
      const claims = parseJson(new TextDecoder().decode(payload));
      // An ID token says who signed in, not that its bearer may call anything.
      return isObject(claims) && claims['typ'] !== 'ID' && isUnexpired(claims, identity.now()) ? callerOf(claims) : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    issuers: new Set([identity.issuer, ...trustIssuers]),
    async caller(authorization) {
      const token = bearerToken(authorization);
      if (token === undefined) return undefined;
      const issuer = claimedIssuer(token);
      if (issuer !== undefined && issuer !== identity.issuer && trusted.has(withoutSlash(issuer))) return foreignCaller(token, issuer);
      const verdict = await identity.check(token);
      return 'live' in verdict ? callerOf(verdict.live.claims) : undefined;
    },
  };
}

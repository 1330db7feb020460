/**
 * What is stored of a lineage: its newest refresh token, the access tokens that it has brought, and whether somebody is spending it.
 * Pure: between records and plain objects; sealing is not its business.
 */
import { AccessToken } from '../../internal/access-token.js';
import { passedMs, type Instant } from '../freshness.js';
import { ownMember } from '../jwt-claims.js';
import { scopeKey } from '../requirements.js';
import { isRefusalCode, type RefusalCode } from '../sign-in-required.js';
import { fitsIntoHeader } from '../token-answer.js';
import type { TimedToken } from '../token-slot.js';

export interface StoredLineage {
  /** The newest one; the empty text after a sign-out. */
  readonly refreshToken: string;
  /** Somebody is about to spend the token, or has spent it and was not heard of again. */
  readonly isRefreshing: boolean;
  /** Why the identity provider takes the token no more. */
  readonly refused?: RefusalCode | undefined;
  /** Whose tokens they are, as far as they say: those of somebody else are not for this session. */
  readonly subject?: string | undefined;
  readonly tokens: readonly StoredToken[];
}

export interface StoredToken extends TimedToken {
  /** The set of scopes that was asked for. */
  readonly asked: string;
}

/** What an older token of a lineage is stored as: the name under which the lineage itself is found. */
export interface StoredAlias {
  readonly origin: string;
}

const version = 2;
const mostTokens = 8;
const longestStoredToken = 16_384;

export function lineageToJson(lineage: StoredLineage, now: Instant): Record<string, unknown> {
  const tokens = lineage.tokens.map(({ asked, token, life }) => ({
    asked,
    value: token.value,
    scopes: token.scopes,
    lifeMs: life.lifeMs,
    ageMs: passedMs(life.from, now),
    isExpiryKnown: token.expiresAt !== undefined,
  }));
  return { version, ...lineage, tokens };
}

export function aliasToJson({ origin }: StoredAlias): Record<string, unknown> {
  return { version, origin };
}

/** @param ageMs of the record, by the store's clock; a negative one says that the store's clock was set back, and ages nothing well */
export function readStored(
  json: Record<string, unknown> | undefined,
  ageMs: number,
  now: Instant,
): StoredLineage | StoredAlias | undefined {
  if (json === undefined || ownMember(json, 'version') !== version) return undefined;
  const origin = ownMember(json, 'origin');
  if (typeof origin === 'string') return { origin };
  const refreshToken = ownMember(json, 'refreshToken');
  if (typeof refreshToken !== 'string') return undefined;
  const [refused, subject, listed] = ['refused', 'subject', 'tokens'].map((name) => ownMember(json, name));
  const tokens = ageMs < 0 || !Array.isArray(listed) ? [] : listed.flatMap((entry: unknown) => readToken(entry, ageMs, now));
  return {
    refreshToken,
    isRefreshing: ownMember(json, 'isRefreshing') === true,
    refused: isRefusalCode(refused) ? refused : undefined,
    subject: typeof subject === 'string' ? subject : undefined,
    tokens,
  };
}

function readToken(entry: unknown, recordAgeMs: number, now: Instant): StoredToken[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const member = (name: string): unknown => (Object.hasOwn(entry, name) ? Reflect.get(entry, name) : undefined);
  const [asked, value, scopes, lifeMs, ageMs] = ['asked', 'value', 'scopes', 'lifeMs', 'ageMs'].map(member);
  if (typeof asked !== 'string' || typeof value !== 'string' || !fitsIntoHeader(value)) return [];
  if (typeof lifeMs !== 'number' || typeof ageMs !== 'number') return [];
  const totalAgeMs = Math.max(ageMs, 0) + recordAgeMs;
  const granted = Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
  const from = { wall: now.wall - totalAgeMs, monotonic: now.monotonic - totalAgeMs };
  const expiresAt = member('isExpiryKnown') === true ? from.wall + lifeMs : undefined;
  return [{ asked, token: new AccessToken(value, { expiresAt, scopes: granted }), life: { from, lifeMs } }];
}

/** The tokens with another one: the newest few, and none that is over. */
export function withToken(tokens: readonly StoredToken[], scopes: readonly string[], added: TimedToken, now: Instant): StoredToken[] {
  const asked = scopeKey(scopes);
  const alive = tokens.filter(({ asked: other, life }) => other !== asked && passedMs(life.from, now) < life.lifeMs);
  const fits = added.token.value.length <= longestStoredToken;
  return [...(fits ? [{ asked, token: added.token, life: added.life }] : []), ...alive].slice(0, mostTokens);
}

/**
 * What a store keeps of a refresh token: the newest token of its chain, sealed with a key that only a holder of the original token
 * can make. A store that leaks gives nothing away, and whatever cannot be opened counts as absent.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { fingerprint } from '../fingerprint.js';
import { ownMember, parseObject } from '../jwt-claims.js';

export interface RefreshTokenRecord {
  /** Under which the record stands: hexadecimal digits, from which nobody finds the token. */
  readonly key: string;
  /** @param updatedAt wall time in milliseconds */
  seal(refreshToken: string, updatedAt: number): string;
  /** The refresh token, or undefined for a text that is missing, damaged, foreign or of another version. */
  open(text: string | undefined): string | undefined;
}

const version = 1;
const prefix = `v${String(version)}.`;
const nonceBytes = 12;
const tagBytes = 16;

/** @param context what else tells records apart: the provider and the client */
export function refreshTokenRecord(context: readonly string[], originalToken: string): RefreshTokenRecord {
  const key = fingerprint(['stored refresh token', ...context, originalToken]);
  const sealingKey = Buffer.from(hkdfSync('sha256', originalToken, key, 'h2o-ai-cloud refresh token', 32));
  const associated = Buffer.from(prefix + key);

  return {
    key,
    seal(refreshToken, updatedAt) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce).setAAD(associated);
      const sealed = Buffer.concat([cipher.update(JSON.stringify({ version, refreshToken, updatedAt })), cipher.final()]);
      return prefix + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(text) {
      if (text?.startsWith(prefix) !== true) return undefined;
      try {
        const bytes = Buffer.from(text.slice(prefix.length).trim(), 'base64url');
        const decipher = createDecipheriv('aes-256-gcm', sealingKey, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(associated).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        const opened = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
        const refreshToken = ownMember(parseObject(opened.toString('utf8')) ?? {}, 'refreshToken');
        return typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * How stored texts are encrypted: AES-256-GCM, with a key that only a holder of the refresh token can make and, where the app has
 * given keys of its own, only with one of them. A store that leaks gives nothing away, and whatever cannot be opened counts as absent.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { fingerprint } from '../fingerprint.js';
import { parseObject } from '../jwt-claims.js';

export interface Sealer {
  /** Under which the text stands: hexadecimal digits, from which nobody finds the token. */
  readonly key: string;
  readonly seal: (content: Readonly<Record<string, unknown>>) => string;
  /** What was sealed, or undefined for a text that is missing, damaged, foreign or of another version. */
  readonly open: (text: string | undefined) => Record<string, unknown> | undefined;
}

const prefix = 'v2.';
const nonceBytes = 12;
const tagBytes = 16;

/** For a store that nobody else can read. */
export function openSealerFor(context: readonly string[], refreshToken: string): Sealer {
  return {
    key: keyOf(context, refreshToken),
    seal: (content) => JSON.stringify(content),
    open: (text) => (text === undefined ? undefined : parseObject(text)),
  };
}

/**
 * @param context what else tells texts apart: the provider and the client
 * @param encryptionKeys the app's own, of 32 bytes each: the first seals, all open
 */
export function sealerFor(context: readonly string[], refreshToken: string, encryptionKeys: readonly Buffer[] = []): Sealer {
  const key = keyOf(context, refreshToken);
  const associated = Buffer.from(prefix + key);
  const derive = (own: Buffer): Buffer => {
    return Buffer.from(hkdfSync('sha256', Buffer.concat([own, Buffer.from(refreshToken)]), key, 'h2o-ai-cloud refresh token', 32));
  };
  const owns = encryptionKeys.length === 0 ? [Buffer.alloc(0)] : encryptionKeys;
  const derived: Buffer[] = [];
  const sealingKey = (index: number): Buffer => (derived[index] ??= derive(owns[index] ?? Buffer.alloc(0)));

  const openWith = (index: number, bytes: Buffer): string | undefined => {
    try {
      const nonce = bytes.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', sealingKey(index), nonce, { authTagLength: tagBytes });
      decipher.setAAD(associated).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  };

  return {
    key,
    seal(content) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', sealingKey(0), nonce).setAAD(associated);
      const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()]);
      return prefix + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(text) {
      if (text?.startsWith(prefix) !== true) return undefined;
      const bytes = Buffer.from(text.slice(prefix.length).trim(), 'base64url');
      for (const index of owns.keys()) {
        const opened = openWith(index, bytes);
        if (opened !== undefined) return parseObject(opened);
      }
      return undefined;
    },
  };
}

function keyOf(context: readonly string[], refreshToken: string): string {
  return fingerprint(['stored refresh token', ...context, refreshToken]);
}

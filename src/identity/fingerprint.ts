/**
 * Names for secrets, under which they can be found again.
 */
import { createHash } from 'node:crypto';

/** A name from which nobody finds the parts, and which no other list of parts has. */
export function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

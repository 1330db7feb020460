/**
 * Metadata of experiments and datasets: which of it an answer shows.
 */
import type { JsonObject } from '../../json.js';
import { optionalMessage, texts } from '../message.js';

/** What a key pattern stands for: `%` any text, `%%` a per cent sign. */
function keyPattern(pattern: string): RegExp {
  const parts = pattern.split('%%').map((part) =>
    part
      .split('%')
      .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  );
  return new RegExp(`^${parts.join('%')}$`, 's');
}

/** The values whose keys the request asks for; nothing at all where it asks for none. */
export function selectedMetadata(metadata: JsonObject, message: JsonObject): JsonObject | null {
  const selection = optionalMessage(message, 'responseMetadata');
  if (selection === undefined) return null;
  const patterns = texts(selection, 'pattern').map(keyPattern);
  return { values: Object.fromEntries(Object.entries(metadata).filter(([key]) => patterns.some((pattern) => pattern.test(key)))) };
}

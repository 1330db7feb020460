/**
 * Requests that come many at once: a refusal is told in its own answer, and stops none of the others.
 */
import type { JsonObject } from '../../json.js';
import { RpcError } from '../rpc-error.js';

export function attempt(request: JsonObject, answer: () => JsonObject): JsonObject {
  try {
    return answer();
  } catch (error) {
    if (error instanceof RpcError) return { ...request, status: false, message: error.message };
    throw error;
  }
}

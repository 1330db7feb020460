/**
 * What a service of the platform answers when its code throws: a refusal in the words of google.rpc, anything else as its own failure.
 */
import { RpcError } from './rpc-error.js';

export function refusalOf(error: Error): Response {
  return (error instanceof RpcError ? error : new RpcError(13, `the local cloud failed: ${error.message}`)).toResponse();
}

/**
 * Reads JSON from a public address: no token, redirects within the origin only. For discovery.
 */
import * as z from 'zod/mini';
import { operation } from './operation.js';
import { createSend, type SendPorts } from './send.js';

const read = operation({ name: 'discovery', method: 'GET', path: '', safe: true, followsSameOrigin: true, answer: z.unknown() });

/** A person waits for an answer of discovery, and it is small. */
const timeoutMs = 15_000;

/** @param service the service's name in errors */
export function jsonReader(
  service: string,
  ports: SendPorts,
): (url: string, options: { readonly signal?: AbortSignal }) => Promise<unknown> {
  return (url, { signal }) => {
    const endpoint = Promise.resolve({ url, scopes: [] });
    return createSend({ service, endpoint: () => endpoint }, ports)({ operation: read }, { signal, timeoutMs });
  };
}

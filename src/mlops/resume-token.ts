/**
 * A wait as text, so that another process can go on with it: which deployment, since when, what was seen. It holds nothing secret.
 */
import * as z from 'zod/mini';
import type { ObservedState } from '../errors/deployment-error.js';
import { invalidParameter } from '../errors/configuration-error.js';
import type { PendingUpdate } from './deployment-status.js';

/** What a wait must know of its past. */
export interface WaitPast {
  readonly deploymentId: string;
  /** Wall time in milliseconds. */
  readonly startedAt: number;
  readonly timeoutMs: number;
  readonly history: readonly ObservedState[];
  readonly update?: PendingUpdate | undefined;
}

const PastSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  startedAt: z.number(),
  timeoutMs: z.number(),
  history: z.array(z.object({ state: z.string(), afterMs: z.number(), message: z.optional(z.string()) })),
  update: z.optional(z.object({ answeredAt: z.number(), updatedAt: z.optional(z.string()) })),
});

export function toResumeToken({ deploymentId, ...past }: WaitPast): string {
  return Buffer.from(JSON.stringify({ v: 1, id: deploymentId, ...past })).toString('base64url');
}

/** @throws {ConfigurationError} it is no such token, or that of another deployment */
export function fromResumeToken(token: string, deploymentId: string): WaitPast {
  const parsed = PastSchema.safeParse(readJson(token));
  if (!parsed.success || parsed.data.id !== deploymentId) {
    throw invalidParameter(
      parsed.success ? '`resumeToken` belongs to the wait for another deployment.' : '`resumeToken` is no token of a wait.',
      'Pass what `onProgress` or the iteration over the states of this deployment gave.',
    );
  }
  const { startedAt, timeoutMs, history, update } = parsed.data;
  return {
    deploymentId,
    startedAt,
    timeoutMs,
    history: history.map(({ state, afterMs, message }) => ({ state, afterMs, ...(message === undefined ? {} : { message }) })),
    ...(update === undefined ? {} : { update: { answeredAt: update.answeredAt, updatedAt: update.updatedAt } }),
  };
}

function readJson(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/**
 * What instances and clusters have in common on the wire.
 */
import * as z from 'zod/mini';
import type { EngineEvent } from '../../errors/engine-error.js';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import { listOf, steamMethod, type CallSteam } from './rpc.js';

export const number: z.ZodMiniType<number | null | undefined> = z.nullish(z.number());
export const text: z.ZodMiniType<string | null | undefined> = z.nullish(z.string());

/** The members that every engine has. */
export const engineMembers: {
  readonly id: z.ZodMiniType<number>;
  readonly name: z.ZodMiniType<string>;
  readonly status: z.ZodMiniType<string>;
  readonly target_status: typeof text;
  readonly version: typeof text;
  readonly profile_name: typeof text;
} = { id: z.number(), name: z.string(), status: z.string(), target_status: text, version: text, profile_name: text };

const EventSchema = z.looseObject({ level: text, message: text, created_at: number });
const getEvents = steamMethod('GetEvents', { safe: true, result: z.looseObject({ events: listOf(EventSchema) }) });

const entityTypes = { driverlessai: 'driverless-instance', h2o3: 'h2o-kubernetes-cluster' } as const;

/** What Steam noted about an engine, oldest first. */
export async function readEvents(
  call: CallSteam,
  { kind, id }: { readonly kind: keyof typeof entityTypes; readonly id: number },
  options: RequestOptions,
): Promise<readonly EngineEvent[]> {
  const { events } = await call(getEvents, { params: { entity_type: entityTypes[kind], entity_id: id } }, options);
  return [...(events ?? [])]
    .sort((one, other) => (one.created_at ?? 0) - (other.created_at ?? 0))
    .map(({ level, message, created_at }) => ({
      level: level ?? '',
      message: redact(message ?? ''),
      ...timeMember('createdAt', created_at),
    }));
}

/** Seconds since the epoch as RFC 3339; 0 means never. */
export function timeMember<Name extends string>(name: Name, seconds: number | null | undefined): { readonly [Key in Name]?: string } {
  const member: { [Key in Name]?: string } = {};
  const milliseconds = (seconds ?? 0) * 1000;
  // Beyond it JavaScript has no dates.
  if (milliseconds <= 0 || milliseconds > 8.64e15) return member;
  return { ...member, [name]: new Date(milliseconds).toISOString() };
}

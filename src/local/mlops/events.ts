/**
 * The audit trail of a project: who did what. Written where it is done, read by the storage RPC.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEvent, User } from '../state.js';
import type { GatewayContext } from './context.js';

type Occurrence = Pick<AuditEvent, 'projectId' | 'operation' | 'message'> & Partial<Pick<AuditEvent, 'experimentId' | 'deploymentId'>>;

export function recordEvent({ state, clock }: GatewayContext, actor: User, occurrence: Occurrence): void {
  state.events.push({ id: randomUUID(), actorId: actor.id, at: clock.now(), experimentId: '', deploymentId: '', ...occurrence });
}

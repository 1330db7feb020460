/**
 * What the REST services of platform 1.x have in common: resource names, pages, absent members. Wire format: H2O MLOps 1.0 to 1.2.
 */
import * as z from 'zod/mini';
import { text } from './rpc.js';

/** A count of 64 bits: text on the wire, by the rules of protobuf's JSON. */
export const count: z.ZodMiniType<string | number | null | undefined> = z.nullish(z.union([z.string(), z.number()]));

/** A resource has a name such as `workspaces/w/deployments/d` and no id of its own. */
export const name: z.ZodMiniType<string> = z.string().check(z.regex(/^[^/]+\/[^/]+/));

/** The end of a list is an absent, a null or an empty token, depending on the service. */
export const nextPageToken: typeof text = text;

export function workspaceName(projectId: string): string {
  return `workspaces/${projectId}`;
}

export function deploymentName(projectId: string, id: string): string {
  return `${workspaceName(projectId)}/deployments/${id}`;
}

/** The id at the end of a resource name. */
export function idIn(resource: string): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}

/** The id that a collection of a resource name holds: of `workspaces/w/deployments/d` in `workspaces` it is `w`. */
export function idUnder(collection: string, resource: string | null | undefined): string | undefined {
  const parts = (resource ?? '').split('/');
  const at = parts.indexOf(collection);
  const id = at === -1 ? undefined : parts[at + 1];
  return id === '' ? undefined : id;
}

/** The query of a page. */
export function pageQuery(pageToken: string | undefined): { readonly pageToken?: string } {
  return pageToken === undefined ? {} : { pageToken };
}

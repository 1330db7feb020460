/**
 * The discovery service at the origin's root: what there is in this cloud and where. Open to everybody, as the real one.
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { JsonObject } from './json.js';

export interface DiscoveryOptions {
  readonly origin: string;
  readonly issuer: string;
  readonly services: readonly DiscoveredService[];
  /** Entries on a page; all of them by default. */
  readonly pageSize?: number;
  /** `false`: answers 404, as servers before 2.5.0 do. */
  readonly links?: boolean;
  /** `false`: answers 404, as servers before 2.6.0 do. */
  readonly components?: boolean;
}

export interface DiscoveredService {
  readonly key: string;
  readonly displayName: string;
  readonly uri: string;
  readonly version?: string;
  readonly oauth2Scope?: string;
  readonly pythonClient?: string;
}

const prefix = '/.ai.h2o.cloud.discovery/v1';

/** One page of a collection. The next token is left out, not empty, on the last: the official client asks on for as long as it is there. */
function page(context: Context, name: string, { entries, pageSize }: { entries: readonly JsonObject[]; pageSize: number }): Response {
  const token = context.req.query('pageToken') ?? '';
  const start = token === '' ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) return context.json({ code: 3, message: 'invalid page token', details: [] }, 400);
  const end = start + pageSize;
  return context.json({ [name]: entries.slice(start, end), ...(end < entries.length ? { nextPageToken: String(end) } : {}) });
}

export function discovery(options: DiscoveryOptions): Hono {
  const app = new Hono();
  const pageSize = options.pageSize ?? 1000;
  const environment = {
    h2oCloudEnvironment: options.origin,
    issuerUrl: options.issuer,
    h2oCloudPlatformOauth2Scope: 'h2oai:platform',
    h2oCloudVersion: 'local',
  };
  const collections = new Map<string, readonly JsonObject[]>([
    ['services', options.services.map(({ key, ...service }) => ({ name: `services/${key}`, ...service }))],
    ['clients', [{ name: 'clients/platform', displayName: 'H2O AI Cloud', oauth2ClientId: 'hac-platform-public' }]],
  ]);
  if (options.links !== false) collections.set('links', [{ name: 'links/home', uri: options.origin, text: 'Home' }]);
  if (options.components !== false)
    collections.set('components', [{ name: 'components/local-cloud', displayName: 'Local cloud', version: 'local' }]);
  app.get(`${prefix}/environment`, (context) => context.json({ environment }));
  app.get(`${prefix}/:collection`, (context) => {
    const name = context.req.param('collection');
    const entries = collections.get(name);
    return entries === undefined
      ? context.json({ code: 5, message: 'Not Found', details: [] }, 404)
      : page(context, name, { entries, pageSize });
  });
  app.all('*', (context) => context.json({ code: 5, message: 'Not Found', details: [] }, 404));
  return app;
}

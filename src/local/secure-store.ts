/**
 * The secure store at the origin's root, which clients of platform 1.2 look for while they connect. It keeps no secrets here.
 */
import { Hono } from 'hono';

/** Whether a path of the origin is the secure store's. */
export const isSecureStorePath = (path: string): boolean => path === '/version' || path.startsWith('/v1/');

export function secureStore(): Hono {
  const app = new Hono();
  app.get('/version', (context) => context.json({ version: 'local' }));
  app.all('*', (context) => context.json({ code: 5, message: 'Not Found', details: [] }, 404));
  return app;
}

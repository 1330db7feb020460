/**
 * `h2o-ai-cloud/wave`: a small server for Wave apps.
 */
export { serveWaveApp, type ServeWaveAppOptions, type SignsUsersOut, type WaveApp } from './server.js';
export type { WaveEvent, WaveUser } from './event.js';
export type { WaveHandler } from './handlers.js';
export type { WaveAppMode } from '../identity/wave/app-settings.js';
export type { WaveHeaders } from '../identity/wave/headers.js';

/**
 * The way in to a Driverless AI instance: a token that Steam keeps for the user, or the sign-in of the instance itself.
 * Wire format: Enterprise Steam 1.9, `GetOidcTokenProvider`; Driverless AI, `/login`.
 */
import * as z from 'zod/mini';
import { AuthenticationError } from '../../errors/authentication-error.js';
import { readApiError } from '../../http/error-response.js';
import { operation, type Send, type WholeAnswer } from '../../http/operation.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { EngineAccess } from '../../running-engine/connection.js';
import type { SteamInstance } from '../instances.js';
import { steamMethod, type CallSteam } from './rpc.js';

/** Steam answers a refresh token and a client secret too: they are not read. */
const ProviderSchema = z.object({
  enabled: z.nullish(z.boolean()),
  access_token: z.nullish(z.string()),
  expires_at: z.nullish(z.number()),
});
const getProvider = steamMethod('GetOidcTokenProvider', { safe: true, result: z.looseObject({ provider: ProviderSchema }) });

/** The user's token as Steam has it; `undefined` when instances are not guarded by OpenID Connect. */
export async function readProviderToken(call: CallSteam, options: RequestOptions): Promise<EngineAccess | undefined> {
  const { enabled, access_token: token, expires_at: seconds } = (await call(getProvider, {}, options)).provider;
  if (enabled !== true || token === null || token === undefined || token === '') return undefined;
  const expiresAt = seconds === null || seconds === undefined || seconds <= 0 ? undefined : seconds * 1000;
  return { headers: { authorization: `Bearer ${token}` }, expiresAt };
}

const login = operation({
  name: 'SignInToDriverlessAI',
  method: 'POST',
  path: '/login',
  safe: true,
  readsWhole: true,
  answer: z.custom<WholeAnswer>(() => true),
});

/** @param send to the instance itself */
export async function signInToInstance(send: Send, { createdBy, password }: SteamInstance): Promise<EngineAccess> {
  const secret = password?.reveal() ?? '';
  const { headers } = await send({
    operation: login,
    form: { username: createdBy, password: secret },
    secrets: secret === '' ? [] : [secret],
  });
  const cookies = headers.getSetCookie().map((cookie) => cookie.split(';')[0]?.trim() ?? '');
  if (cookies.some((cookie) => /^_DAI_\w*sid=./.test(cookie))) return { headers: { cookie: cookies.join('; ') }, expiresAt: undefined };
  throw new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: 'The Driverless AI instance did not let the user in with the name and the password that Steam has for it.',
    fix: 'Only the user who has launched an instance can enter it this way: look at its `createdBy`.',
    call: login.name,
  });
}

export const readInstanceError = (answer: Parameters<typeof readApiError>[0]): ReturnType<typeof readApiError> =>
  readApiError(answer, 'Driverless AI', 0);

/**
 * The page where a person signs in with a device code: one form for the code, the account and the consent, where Keycloak has three.
 */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Identity } from './identity.js';

const page = (message: string, form: unknown = '') =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Device login</title>
      </head>
      <body>
        <h1>Device login</h1>
        <p>${message}</p>
        ${form}
      </body>
    </html>`;

const form = (action: string, userCode: string) =>
  html`<form method="post" action="${action}">
    <p>
      <label>Code <input name="user_code" value="${userCode}" autocomplete="off" /></label>
    </p>
    <p>
      <label>User name <input name="username" autocomplete="username" /></label>
    </p>
    <p>
      <label>Password <input name="password" type="password" autocomplete="current-password" /></label>
    </p>
    <p><button name="accept" value="Yes">Yes, grant access</button> <button name="cancel" value="No">No</button></p>
  </form>`;

export function deviceForm(identity: Identity, context: Context): Response | Promise<Response> {
  const userCode = context.req.query('user_code') ?? '';
  return context.html(page('A program asks to act for you. Enter the code that it shows.', form(`${identity.issuer}/device`, userCode)));
}

export async function deviceDecision(identity: Identity, context: Context): Promise<Response> {
  const sent = new URLSearchParams(await context.req.text());
  const userCode = sent.get('user_code') ?? '';
  const again = (message: string): Response | Promise<Response> =>
    context.html(page(message, form(`${identity.issuer}/device`, userCode)), 400);
  const code = identity.deviceCodes.waiting(userCode, identity.now());
  if (code === undefined) return again('Invalid code, please try again.');
  const account = identity.realm.accounts.get(sent.get('username') ?? '');
  if (account?.password === undefined || account.password !== sent.get('password') || !account.enabled)
    return again('Invalid username or password.');
  code.decision = sent.has('accept') ? { account } : 'denied';
  return context.html(
    page(sent.has('accept') ? 'Device Login Successful. You may close this page.' : 'Consent denied for connecting the device.'),
  );
}

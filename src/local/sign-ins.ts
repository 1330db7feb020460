/**
 * Sign-in at a service by what only the identity provider can judge: a password, or a refresh token of the platform's client.
 */
import type { Caller } from './access.js';
import type { Identity } from './identity/identity.js';
import { profileOf } from './identity/tokens.js';
import type { SignIns } from './steam/sessions.js';

export const signInsOf = (identity: Identity): SignIns => ({
  withPassword(username, password) {
    const account = identity.realm.accounts.get(username);
    if (account?.password === undefined || account.password !== password || !account.enabled) return undefined;
    const { email, name } = profileOf(account);
    const caller: Caller = {
      issuer: identity.issuer,
      subject: account.id,
      username,
      displayName: String(name),
      email: String(email),
      scopes: [],
    };
    return caller;
  },
  async withRefreshToken(value) {
    const { sessions, realm } = identity;
    const client = realm.clients.get('hac-platform-public');
    if (client === undefined || !sessions.isLive(value, client, identity.now())) return undefined;
    const { session, scopes } = sessions.redeem(sessions.find(value, client, identity.now()));
    return identity.accessToken({ session, client, scopes, mark: 'rt' });
  },
});

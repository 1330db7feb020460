/**
 * What a confidential client proves to the identity provider that it is itself.
 */
import { createPrivateKey } from 'node:crypto';
import type { Secret } from '../internal/secret.js';

/** How a client authenticates, by the names that OpenID Connect has for it. */
export type ClientAuthenticationMethod = 'client_secret_post' | 'client_secret_basic' | 'private_key_jwt' | 'tls_client_auth';

/** A method with what it needs. A public client has none. */
export type ClientProof =
  | { readonly method: 'client_secret_post' | 'client_secret_basic'; readonly secret: Secret }
  | {
      readonly method: 'private_key_jwt';
      /** PKCS#8 or another private key, in PEM. */
      readonly privateKey: Secret;
      /** The name under which the provider knows the key. */
      readonly keyId: string | undefined;
    }
  /** By the certificate that the user's own `fetch` presents. */
  | { readonly method: 'tls_client_auth' };

export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [
  'client_secret_post',
  'client_secret_basic',
  'private_key_jwt',
  'tls_client_auth',
];

/** Whether a text is a private key that needs no passphrase. */
export function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem);
    return true;
  } catch {
    return false;
  }
}

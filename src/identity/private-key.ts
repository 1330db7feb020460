/**
 * A private key as the Web Crypto API takes it, from PEM: which algorithm it signs with follows from the key itself.
 */
import { createPrivateKey, webcrypto } from 'node:crypto';
import { ConfigurationError } from '../errors/configuration-error.js';
import type { Secret } from '../internal/secret.js';

type SigningAlgorithm = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | webcrypto.Algorithm;

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** @throws {ConfigurationError} the key is of a kind that no identity provider checks signatures of */
export async function signingKey(pem: Secret): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem.reveal());
  const algorithm = algorithmOf(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
  if (algorithm === undefined) {
    throw new ConfigurationError({
      code: 'CONFIGURATION_INVALID',
      what: 'The private key of the client is of a kind that cannot sign its assertions.',
      fix: 'Give an RSA, P-256, P-384, P-521 or Ed25519 key as oidc.privateKey.',
    });
  }
  const encoded = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', encoded, algorithm, false, ['sign']);
}

function algorithmOf(type: string | undefined, curve = ''): SigningAlgorithm | undefined {
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (type === 'rsa-pss') return { name: 'RSA-PSS', hash: 'SHA-256' };
  if (type === 'ed25519') return { name: 'Ed25519' };
  const namedCurve = type === 'ec' && Object.hasOwn(curves, curve) ? curves[curve] : undefined;
  return namedCurve === undefined ? undefined : { name: 'ECDSA', namedCurve };
}

/**
 * The key pairs of clients that sign assertions: made when they are first needed, known to nobody but this cloud and who asks it.
 */
import { exportPKCS8, generateKeyPair } from 'jose';
import type { CryptoKey } from 'jose';

export interface ClientKey {
  readonly publicKey: CryptoKey;
  /** PEM (PKCS #8), for ES256. */
  readonly privateKey: string;
}

export class ClientKeys {
  readonly #keys = new Map<string, Promise<ClientKey>>();

  of(clientId: string): Promise<ClientKey> {
    const known = this.#keys.get(clientId);
    if (known !== undefined) return known;
    const made = createKey();
    this.#keys.set(clientId, made);
    return made;
  }
}

async function createKey(): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { publicKey, privateKey: await exportPKCS8(privateKey) };
}

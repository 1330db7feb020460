/**
 * Which kinds of security the installation has activated.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { PlatformResolver } from './platform-resolver.js';
import type { SecurityKind } from './security-options.js';

/** Activated kinds on one platform. */
export interface SecurityKindsApi {
  list(options: RequestOptions): Promise<readonly SecurityKind[]>;
}

export class SecurityKinds {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * The kinds of security that this installation has activated; a deployment with another is refused.
   *
   * @example
   * const kinds = await mlops.securityOptions.list();
   * const hasOidc = kinds.some((kind) => kind.type === 'oidc');
   */
  async list(options: RequestOptions = {}): Promise<readonly SecurityKind[]> {
    const { securityKinds } = await this.#platform.resolve(options);
    return securityKinds.list(options);
  }
}

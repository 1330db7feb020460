/** What the tests use of oidc-provider, which has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Stored {
    save(ttlSeconds?: number): Promise<string>;
  }

  interface GrantModel extends Stored {
    addOIDCScope(scope: string): void;
  }

  interface Client {
    readonly clientId: string;
  }

  interface AccessTokenModel extends Stored {
    readonly accountId: string;
    readonly grantId: string;
    readonly isValid: boolean;
  }

  export interface TokenContext {
    body: unknown;
    status: number;
    readonly req: IncomingMessage;
    readonly oidc: { readonly client: Client; readonly params: Readonly<Record<string, string | readonly string[] | undefined>> };
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: new (facts: { readonly accountId: string; readonly clientId: string }) => GrantModel;
    readonly RefreshToken: new (facts: Readonly<Record<string, unknown>>) => Stored;
    readonly AccessToken: (new (facts: Readonly<Record<string, unknown>>) => AccessTokenModel) & {
      find(token: string): Promise<AccessTokenModel | undefined>;
    };
    readonly Client: { find(clientId: string): Promise<Client | undefined> };
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    registerGrantType(
      name: string,
      handler: (context: TokenContext, next: () => Promise<void>) => Promise<void>,
      parameters: readonly string[],
      repeatable?: readonly string[],
    ): void;
  }

  export const errors: Readonly<
    Record<'InvalidRequest' | 'InvalidScope' | 'InvalidTarget', new (description: string, detail?: string) => Error>
  >;
}

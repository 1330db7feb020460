/**
 * The way to a running engine: its address, and headers that are fresh each time they are asked for. It prints without them.
 */
import { printAs } from '../internal/print-as.js';
import { waitUnlessAborted } from '../internal/clock.js';
import { checkMembers, truth } from '../http/given.js';
import { waitingKinds } from '../http/request-options.js';

export type EngineKind = 'driverlessai' | 'h2o3';

/** Headers of a moment, and how long they are good. */
export interface EngineAccess {
  readonly headers: Readonly<Record<string, string>>;
  /** In milliseconds since the epoch; `undefined` when nobody said. */
  readonly expiresAt: number | undefined;
}

export interface EngineHeadersOptions {
  readonly signal?: AbortSignal | undefined;
  /** The engine has answered 401 to the last ones: make new ones, even where they should still be good. */
  readonly renew?: boolean | undefined;
}

interface ConnectionFacts {
  readonly kind: EngineKind;
  readonly engine: string;
  readonly name: string;
  readonly version: string;
  readonly url: string;
  /** @param refused headers that must not come again */
  readonly access: (refused: EngineAccess | undefined) => Promise<EngineAccess>;
}

/**
 * A running engine and the way in.
 *
 * @example
 * const engine = await user.engine({ kind: 'h2o3' });
 * const answer = await fetch(`${engine.url}/3/Cloud`, { headers: await engine.headers(), redirect: 'error' });
 */
export class EngineConnection {
  readonly kind: EngineKind;
  /** Which engine, as its service names it. */
  readonly engine: string;
  readonly name: string;
  readonly version: string;
  /** Where its API is, without a slash at the end. */
  readonly url: string;
  readonly #access: ConnectionFacts['access'];
  #last: EngineAccess | undefined;

  static {
    printAs(EngineConnection.prototype, ({ kind, engine, url }) => `EngineConnection { ${kind}, ${engine}, ${url} }`);
  }

  /** @internal */
  constructor(facts: ConnectionFacts) {
    this.kind = facts.kind;
    this.engine = facts.engine;
    this.name = facts.name;
    this.version = facts.version;
    this.url = facts.url;
    this.#access = facts.access;
  }

  /** When the headers that were given last expire, in milliseconds since the epoch; `undefined` when nobody said. */
  get expiresAt(): number | undefined {
    return this.#last?.expiresAt;
  }

  /**
   * The headers that let a request in: for requests to {@link url} only, and never across a redirect. They expire, so ask for each request.
   *
   * @throws {AuthenticationError} the user must sign in again
   * @example
   * const headers = await engine.headers();
   */
  async headers(options: EngineHeadersOptions = {}): Promise<Readonly<Record<string, string>>> {
    checkMembers(options, 'The options of headers()', { ...waitingKinds, renew: truth });
    options.signal?.throwIfAborted();
    const access = await waitUnlessAborted(this.#access(options.renew === true ? this.#last : undefined), options.signal);
    this.#last = access;
    return access.headers;
  }

  toJSON(): { readonly kind: EngineKind; readonly engine: string; readonly name: string; readonly version: string; readonly url: string } {
    const { kind, engine, name, version, url } = this;
    return { kind, engine, name, version, url };
  }
}

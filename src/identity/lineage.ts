/**
 * The chain of refresh tokens that begins with one sign-in: which token is the newest, what it has brought, and whose turn it is.
 * All credentials made from tokens of one chain share it, or they would spend each other's tokens. It lives as long as one of them
 * does, or a refresh is under way; the registry itself keeps nothing alive.
 */
import type { SignInRequiredError } from '../errors/authentication-error.js';
import { fingerprint } from './fingerprint.js';
import { scopeKey, scopeList } from './requirements.js';
import { signedOut } from './sign-in-required.js';
import { TokenSlot, type SlotRules, type TimedToken } from './token-slot.js';

/** The tokens of one set of scopes. */
export interface ScopedTokens {
  readonly scopes: readonly string[];
  readonly slot: TokenSlot;
}

/** Sets of scopes, and ways to write them, that one chain remembers. */
const mostSlots = 100;
/** Tokens of the past under which a chain is still found. */
const mostNames = 20;

export class Lineage {
  #refreshToken: string;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #slots = new Map<string, ScopedTokens>();
  /** What a store held when this process last saw it, by the store's key: only what differs was written by somebody else. */
  readonly #stored = new Map<string, string>();
  readonly #names: string[];
  readonly #context: readonly string[];
  /** Counts the rotations seen. */
  version = 0;
  /** Why the newest token was refused; it is not tried again. */
  refusal: SignInRequiredError | undefined;
  subject: string | undefined;
  #isEnded = false;

  constructor(refreshToken: string, name: string, context: readonly string[]) {
    this.#refreshToken = refreshToken;
    this.#names = [name];
    this.#context = context;
  }

  get refreshToken(): string {
    return this.#refreshToken;
  }

  /** Makes a token the newest one. Credentials that are made from it later join this chain. */
  adopt(refreshToken: string): void {
    if (refreshToken === this.#refreshToken || this.#isEnded) return;
    this.#refreshToken = refreshToken;
    this.refusal = undefined;
    this.version++;
    const name = fingerprint([...this.#context, refreshToken]);
    register(name, this);
    this.#names.push(name);
    // The first name is that of the token the user holds, and stays.
    if (this.#names.length > mostNames) unregister(this.#names.splice(1, 1), this);
  }

  /** The token that a store holds, if another process has put it there since this one last looked. */
  adoptStored(key: string, stored: string | undefined): void {
    if (stored === undefined || stored === this.#stored.get(key)) return;
    this.#stored.set(key, stored);
    this.adopt(stored);
  }

  noteStored(key: string, refreshToken: string): void {
    this.#stored.set(key, refreshToken);
  }

  /** Runs work after all that was asked for before: a rotated token can be spent by one request only. */
  inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  tokensFor(scopes: readonly string[]): ScopedTokens {
    const written = scopes.join(' ');
    return this.#slots.get(written) ?? this.#newTokensFor(scopes, written);
  }

  /** A held token that needs no renewal and has these scopes, and more of them: what was asked of a wider token is in it. */
  freshTokenWith(scopes: readonly string[], rules: SlotRules): TimedToken | undefined {
    if (scopes.length === 0) return undefined;
    for (const { slot } of this.#slots.values()) {
      const fresh = slot.fresh(rules);
      if (fresh !== undefined && scopes.every((scope) => fresh.token.scopes.includes(scope))) return fresh;
    }
    return undefined;
  }

  forgetTokens(): void {
    for (const { slot } of this.#slots.values()) slot.clear();
  }

  isEnded(): boolean {
    return this.#isEnded;
  }

  /** The user has signed out: what is held is dropped, and what a request under way brings is not kept. */
  end(): void {
    this.#isEnded = true;
    this.refusal = signedOut();
    this.forgetTokens();
  }

  #newTokensFor(scopes: readonly string[], written: string): ScopedTokens {
    const key = scopeKey(scopes);
    const tokens = this.#slots.get(key) ?? { scopes: scopeList(scopes), slot: new TokenSlot() };
    if (this.#slots.size >= mostSlots) this.#slots.clear();
    this.#slots.set(key, tokens);
    this.#slots.set(written, tokens);
    return tokens;
  }

  /** The names under which the registry knows the chain; alive after the chain itself. */
  get names(): readonly string[] {
    return this.#names;
  }
}

const registry = new Map<string, WeakRef<Lineage>>();

const forgotten = new FinalizationRegistry<readonly string[]>((names) => {
  for (const name of names) if (registry.get(name)?.deref() === undefined) registry.delete(name);
});

/**
 * The chain that a refresh token belongs to.
 *
 * @param context what else tells chains apart: the provider and the client
 */
export function lineageOf(refreshToken: string, context: readonly string[]): Lineage {
  const name = fingerprint([...context, refreshToken]);
  const known = registry.get(name)?.deref();
  if (known !== undefined) return known;
  const lineage = new Lineage(refreshToken, name, context);
  register(name, lineage);
  forgotten.register(lineage, lineage.names);
  return lineage;
}

function register(name: string, lineage: Lineage): void {
  registry.set(name, new WeakRef(lineage));
}

function unregister(names: readonly string[], lineage: Lineage): void {
  for (const name of names) if (registry.get(name)?.deref() === lineage) registry.delete(name);
}

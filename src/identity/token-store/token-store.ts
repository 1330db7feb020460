/**
 * The port of places that keep refresh tokens beyond a process, or share them between processes. A store sees keys and sealed
 * texts only; what is in them is the business of `record.ts`.
 */

/** A text with its age by the store's own clock, so that the clocks of those who share it may differ. */
export interface StoredText {
  readonly text: string;
  readonly ageMs: number;
}

/** What a key holds, while nobody else should be working on it. */
export interface StoreEntry {
  /** What the key holds now, or undefined when there is nothing that can be read. */
  read(): Promise<StoredText | undefined>;
  /**
   * Replaces, in one step, what was last read or written here. False when the key holds something else by now, written by somebody
   * who has taken over: nothing was written then.
   *
   * @param lifeMs after which the text is gone
   */
  replace(text: string, lifeMs: number): Promise<boolean>;
  /** Whether, as far as this process can know without asking, nobody else has taken the key over. */
  readonly isHeld: () => boolean;
}

export interface TokenStore {
  /** Nobody but this process can read what is in it, so that nothing in it needs to be sealed. */
  readonly isPrivate?: boolean;
  /** What a key holds, whoever is working on it. */
  read(key: string): Promise<StoredText | undefined>;
  /** Sets a key, whoever is working on it: they find it replaced. */
  put(key: string, text: string, lifeMs: number): Promise<void>;
  /**
   * Runs work while nobody else, in this process or another, works on the same key.
   *
   * @throws {AuthenticationError} `STORE_UNAVAILABLE`: the store cannot be used, or others do not let go of the key
   */
  exclusively<Value>(key: string, work: (entry: StoreEntry) => Promise<Value>): Promise<Value>;
}

/**
 * The port of places that keep refresh tokens beyond a process, or share them between processes. A store sees keys and sealed
 * texts only; what is in them is the business of `record.ts`.
 */

/** What a key holds, while nobody else may work on it. */
export interface StoreEntry {
  /** The text, or undefined when there is none or it cannot be read. */
  read(): Promise<string | undefined>;
  /** Replaces the text in one step. False when somebody else has taken over the key in the meantime: nothing was written then. */
  write(text: string): Promise<boolean>;
}

export interface TokenStore {
  /**
   * Runs work while nobody else, in this process or another, works on the same key.
   *
   * @throws {AuthenticationError} `STORE_UNAVAILABLE`: the store cannot be used, or others do not let go of the key
   */
  exclusively<Value>(key: string, work: (entry: StoreEntry) => Promise<Value>): Promise<Value>;
}

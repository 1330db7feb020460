/**
 * What a command may do to the terminal it runs in. A command gets it passed in, so that a test can be the terminal.
 */
import { once } from 'node:events';

export interface Terminal {
  /** Writes a result to standard output. */
  print(text: string): void;
  /** Writes a complaint to standard error. */
  complain(text: string): void;
  /** Resolves when the user or the system asks the program to end. */
  stopped(): Promise<void>;
}

export const processTerminal: Terminal = {
  print(text) {
    // Whoever started the program may not read what it prints; that is no reason to end.
    process.stdout.once('error', () => undefined);
    process.stdout.write(`${text}\n`);
  },
  complain(text) {
    process.stderr.write(`${text}\n`);
  },
  async stopped() {
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  },
};

/** The arguments make no sense: the program says why and ends with status 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

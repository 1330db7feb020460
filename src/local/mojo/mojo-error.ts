/**
 * The two ways a MOJO fails: the file cannot be read or evaluated, or one row of input cannot be.
 */

/** The file is not a MOJO that can be evaluated; the message says why. */
export class MojoError extends Error {
  override readonly name: string = 'MojoError';
}

/** A row that the model cannot score; the message is the one that H2O's scorer gives. */
export class RowError extends Error {
  override readonly name: string = 'RowError';
}

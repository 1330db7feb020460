/**
 * The content of an object, read when somebody asks for it.
 */
import type { DriveObject } from './folder.js';

/**
 * An object whose content can be read: once or several times, as a stream or as a whole.
 *
 * @example
 * const content = await user.drive.get('data.csv');
 * console.log(content.object.sizeBytes, await content.text());
 */
export class DriveContent implements AsyncIterable<Uint8Array> {
  /** What is known of the object. */
  readonly object: DriveObject;
  readonly #read: () => AsyncIterable<Uint8Array>;

  /** @internal */
  constructor(object: DriveObject, read: () => AsyncIterable<Uint8Array>) {
    this.object = object;
    this.#read = read;
  }

  /** The bytes in order, in pieces. Nothing is asked before the first one is wanted, and no more when nobody reads on. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#read()[Symbol.asyncIterator]();
  }

  /** All bytes. They are all in memory then: for large objects read the pieces, or use `download()`. */
  async bytes(): Promise<Uint8Array> {
    const whole = new Uint8Array(this.object.sizeBytes);
    let at = 0;
    for await (const piece of this) {
      whole.set(piece, at);
      at += piece.byteLength;
    }
    return whole;
  }

  /** The content as UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }
}

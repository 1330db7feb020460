/**
 * Buffers of one size that are used again: a transfer of gigabytes then holds a few of them, and leaves nothing to collect.
 */
export class BufferPool {
  readonly #sizeBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** A buffer with whatever was in it. */
  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#sizeBytes);
  }

  /** Gives one back that nobody reads any more. */
  give(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}

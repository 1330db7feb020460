/**
 * The MD5 of what passes by. Where there is much of it a thread of its own works it out: it costs more than all the rest of a transfer, and
 * the event loop has other users to serve. Bytes are copied into a few buffers, which go there and come back.
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { ConnectionError } from '../errors/connection-error.js';

const bufferBytes = 1024 * 1024;
/** What fits into them is not worth a thread. */
const mostBuffers = 4;

/** As text, since a file of its own would be lost when an app is bundled. */
const program = `
  const { parentPort } = require('node:worker_threads');
  const hash = require('node:crypto').createHash('md5');
  parentPort.on('message', ({ buffer, length }) => {
    if (buffer === undefined) return parentPort.postMessage({ digest: hash.digest('base64') });
    hash.update(new Uint8Array(buffer, 0, length));
    parentPort.postMessage({ buffer }, [buffer]);
  });`;

const startThread = (): Worker => new Worker(program, { eval: true, execArgv: [], env: {} });

export class Md5 {
  readonly #startThread: () => Worker;
  readonly #hash = createHash('md5');
  readonly #free: ArrayBuffer[] = [];
  /** Full ones, while there is no thread. */
  #kept: { readonly buffer: ArrayBuffer; readonly length: number }[] = [];
  #made = 0;
  #current: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;
  #worker: Worker | undefined;
  #digest: string | undefined;
  #failure: Error | undefined;
  /** Wakes up who waits for the thread. */
  #wake: () => void = () => undefined;

  constructor(start: () => Worker = startThread) {
    this.#startThread = start;
  }

  /** The bytes may be changed as soon as it has returned. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.byteLength;) {
      this.#current ??= new Uint8Array(await this.#nextBuffer());
      const part = bytes.subarray(start, start + bufferBytes - this.#length);
      this.#current.set(part, this.#length);
      this.#length += part.byteLength;
      start += part.byteLength;
      if (this.#length === bufferBytes) this.#pass();
    }
  }

  async digest(): Promise<string> {
    this.#pass();
    if (this.#worker === undefined) this.#workOut();
    else this.#worker.postMessage({});
    while (this.#worker !== undefined && this.#digest === undefined) await this.#answerOf(this.#worker);
    return this.#digest ?? this.#hash.digest('base64');
  }

  /** Must be called in the end, whatever has become of it. */
  close(): void {
    this.#end(new Error('The checksum is wanted no more.'));
    void this.#worker?.terminate();
  }

  #pass(): void {
    if (this.#current === undefined) return;
    const filled = { buffer: this.#current.buffer, length: this.#length };
    if (this.#worker === undefined) this.#kept.push(filled);
    else this.#worker.postMessage(filled, [filled.buffer]);
    this.#current = undefined;
    this.#length = 0;
  }

  async #nextBuffer(): Promise<ArrayBuffer> {
    if (this.#made < mostBuffers) {
      this.#made += 1;
      return new ArrayBuffer(bufferBytes);
    }
    this.#worker ??= this.#start();
    if (this.#worker === undefined) this.#workOut();
    for (;;) {
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      if (this.#worker !== undefined) await this.#answerOf(this.#worker);
    }
  }

  /** In this thread. */
  #workOut(): void {
    for (const { buffer, length } of this.#kept) {
      this.#hash.update(new Uint8Array(buffer, 0, length));
      this.#free.push(buffer);
    }
    this.#kept = [];
  }

  #start(): Worker | undefined {
    let worker: Worker;
    try {
      worker = this.#startThread();
    } catch {
      // A process may be forbidden to have threads.
      return undefined;
    }
    worker.on('message', ({ buffer, digest }: { readonly buffer?: ArrayBuffer; readonly digest?: string }) => {
      if (buffer !== undefined) this.#free.push(buffer);
      this.#digest = digest;
      this.#wake();
    });
    const ended = (): void => {
      this.#end(
        new ConnectionError({
          code: 'CONNECTION_FAILED',
          what: 'The transfer broke off, since the thread that works out its checksum has ended.',
          fix: 'See whether the process has memory left, and repeat it.',
          call: 'MD5',
          retryable: true,
        }),
      );
    };
    worker.on('error', ended).on('exit', ended);
    // No process goes on for its sake alone, except while it is waited for.
    worker.unref();
    for (const filled of this.#kept) worker.postMessage(filled, [filled.buffer]);
    this.#kept = [];
    return worker;
  }

  #end(failure: Error): void {
    this.#failure ??= failure;
    this.#wake();
  }

  async #answerOf(worker: Worker): Promise<void> {
    if (this.#failure === undefined) {
      worker.ref();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      worker.unref();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

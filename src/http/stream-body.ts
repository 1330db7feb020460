/**
 * A request body that is produced while it is sent, as the stream that fetch takes. Remembers the error of its source,
 * because fetch reports such an error as a broken network.
 */
import type { StreamedBody } from './operation.js';

export interface UploadStream {
  readonly body: ReadableStream<Uint8Array>;
  /** What the source threw, if it did. */
  readonly failure: () => { readonly error: unknown } | undefined;
  /** Lets go of the source. Must be called when the request is over: fetch leaves a body alone when its connection breaks. */
  readonly close: () => void;
}

export function streamBody(source: StreamedBody, onMoved: () => void): UploadStream {
  const iterator = source.open()[Symbol.asyncIterator]();
  let failure: { readonly error: unknown } | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          onMoved();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  const close = (): void => {
    // Not waited for: a source that hangs hangs here too, and what it throws now concerns nobody.
    iterator.return?.().catch(() => undefined);
  };
  return { body, failure: () => failure, close };
}

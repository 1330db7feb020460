/**
 * The objects of one bucket, in memory, and the uploads in parts that are under way.
 */
import { createHash, randomUUID } from 'node:crypto';
import { S3Error } from './xml.js';

/** What an object was stored with beside its bytes, by the name of the header that says it. */
export type ObjectHeaders = Readonly<Record<string, string>>;

export interface StoredObject {
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly etag: string;
  readonly headers: ObjectHeaders;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

interface Upload {
  readonly key: string;
  readonly headers: ObjectHeaders;
  readonly parts: Map<number, Part>;
}

/** What a client says the object consists of. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
}

export class Bucket {
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  readonly #smallestPartBytes: number;

  constructor(smallestPartBytes: number = 5 * 1024 * 1024) {
    this.#smallestPartBytes = smallestPartBytes;
  }

  get(key: string): StoredObject {
    const object = this.#objects.get(key);
    if (object === undefined) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  put(key: string, bytes: Uint8Array, headers: ObjectHeaders, now: number): StoredObject {
    return this.#keep(key, { pieces: [bytes], sizeBytes: bytes.byteLength, etag: md5([bytes]), headers, modifiedAt: now });
  }

  /** The same content and headers under another key, as of now. */
  copy(from: StoredObject, to: string, now: number): StoredObject {
    return this.#keep(to, { ...from, etag: md5(from.pieces), modifiedAt: now });
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }

  /** Keys with a prefix after a marker, in the order of their UTF-8. */
  keys(prefix: string, marker: string): readonly string[] {
    const bytes = (text: string): Buffer => Buffer.from(text);
    const after = bytes(marker);
    return [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key): [string, Buffer] => [key, bytes(key)])
      .filter(([, key]) => marker === '' || Buffer.compare(key, after) > 0)
      .sort(([, one], [, other]) => Buffer.compare(one, other))
      .map(([key]) => key);
  }

  createUpload(key: string, headers: ObjectHeaders): string {
    const id = randomUUID().replaceAll('-', '');
    this.#uploads.set(id, { key, headers, parts: new Map() });
    return id;
  }

  putPart(uploadId: string, key: string, part: { readonly number: number; readonly bytes: Uint8Array }): string {
    const { number, bytes } = part;
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw new S3Error(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive.');
    const etag = md5([bytes]);
    this.#upload(uploadId, key).parts.set(number, { bytes, etag });
    return etag;
  }

  completeUpload(uploadId: string, key: string, named: readonly NamedPart[], now: number): StoredObject {
    const upload = this.#upload(uploadId, key);
    if (named.length === 0) throw new S3Error(400, 'MalformedXML', 'You must specify at least one part.');
    if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0)))
      throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    const parts = named.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag.replaceAll('"', '')) throw new S3Error(400, 'InvalidPart', 'One or more of the parts could not be found.');
      return part;
    });
    if (parts.slice(0, -1).some(({ bytes }) => bytes.byteLength < this.#smallestPartBytes))
      throw new S3Error(400, 'EntityTooSmall', 'A part but the last is smaller than the minimum allowed size.');
    this.#uploads.delete(uploadId);
    return this.#keep(key, {
      pieces: parts.map(({ bytes }) => bytes),
      sizeBytes: parts.reduce((size, { bytes }) => size + bytes.byteLength, 0),
      etag: `${md5(parts.map(({ etag }) => Buffer.from(etag, 'hex')))}-${parts.length}`,
      headers: upload.headers,
      modifiedAt: now,
    });
  }

  abortUpload(uploadId: string, key: string): void {
    this.#upload(uploadId, key);
    this.#uploads.delete(uploadId);
  }

  #upload(id: string, key: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.key === key) return upload;
    throw new S3Error(404, 'NoSuchUpload', 'The upload does not exist: it may have been completed or ended.');
  }

  #keep(key: string, object: StoredObject): StoredObject {
    this.#objects.set(key, object);
    return object;
  }
}

/** The bytes of an object from `start` to before `end`, without a copy of them. */
export function piecesOf({ pieces }: StoredObject, start: number, end: number): Uint8Array[] {
  let at = 0;
  const found: Uint8Array[] = [];
  for (const piece of pieces) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, piece.byteLength)];
    if (from < to) found.push(piece.subarray(from, to));
    at += piece.byteLength;
  }
  return found;
}

function md5(pieces: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

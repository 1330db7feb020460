/**
 * A folder of Drive: the objects of a bucket whose keys begin alike, and everything that can be done with them. Keys are relative to it.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { anything, callback, checkMembers, text, truth, wholeNumber, type Kind } from '../http/given.js';
import { createList, type List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import type { Clock } from '../internal/clock.js';
import { printAs } from '../internal/print-as.js';
import type { StoredObject } from './api/s3.js';
import { DriveContent } from './content.js';
import { checkedFolder, checkedKey, checkedPrefix } from './keys.js';
import type { ObjectSource } from './object-source.js';
import { PresignedUrl } from './presigned-url.js';
import type { BucketStore } from './store.js';

/** An object as it was read. What an answer does not say is absent: a list has no content types, an upload no time. */
export interface DriveObject {
  /** Relative to the folder that it was read through. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes when the content does. */
  readonly etag?: string;
  /** RFC 3339. */
  readonly modifiedAt?: string;
  readonly contentType?: string;
}

export interface PutParams {
  readonly key: string;
  /** A path, a `file:` URL, bytes, a Blob, or a stream of bytes of any length. */
  readonly body: ObjectSource;
  /** By the ending of the key, where it is a usual one, unless it is given. */
  readonly contentType?: string | undefined;
}

/** How far a transfer is. */
export interface TransferProgress {
  /** What the service has confirmed, or what is in the file. */
  readonly transferredBytes: number;
  /** Absent for streams. */
  readonly totalBytes?: number;
}

/** Options of a transfer. It has no total time unless `timeoutMs` is set: `idleTimeoutMs` (default 60 s) ends one that does not move. */
export interface TransferOptions extends RequestOptions {
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** How large the pieces are, in bytes: from 5 MiB. Default 8 MiB up and 3 MiB down. So many as travel at once are in memory. */
  readonly partSizeBytes?: number | undefined;
  /** How many pieces travel at once. Default 4. */
  readonly concurrency?: number | undefined;
}

export interface DownloadParams {
  readonly key: string;
  /** The file to write: a path or a `file:` URL. One that is there is replaced when the new one is whole. */
  readonly to: string | URL;
}

export interface FileTransferOptions extends TransferOptions {
  /** Whether to go on where an earlier call for the same object has ended, and to keep what has been read for the next one. Default true. */
  readonly resume?: boolean | undefined;
}

export interface PresignOptions extends RequestOptions {
  /** How long the URL should work, in seconds: at most 7 days, and no longer than the session. Default 86,400. */
  readonly expiresInSeconds?: number | undefined;
}

export interface DeleteAllOptions extends RequestOptions {
  /** Must be `true`: what is deleted cannot be brought back. */
  readonly confirm: boolean;
  /** Told after each deletion. */
  readonly onProgress?: ((progress: { readonly deleted: number }) => void) | undefined;
}

/** What folders work with; one for a user. */
export interface FolderPorts {
  readonly clock: Clock;
  /** The bucket; loaded and found when the first call needs it. */
  store(): Promise<BucketStore>;
}

const longestPresignSeconds = 7 * 86_400;
const mostConcurrent = 64;
const largestPartBytes = 1024 ** 3;
const positive: Kind = { name: 'a whole number above 0', accepts: (value) => wholeNumber.accepts(value) && value !== 0 };
const transferKinds = {
  onProgress: callback,
  partSizeBytes: {
    name: 'a whole number of bytes from 5 MiB to 1 GiB',
    accepts: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 5 * 1024 ** 2 && Number(value) <= largestPartBytes,
  },
  concurrency: {
    name: `a whole number from 1 to ${mostConcurrent}`,
    accepts: (value: unknown) => positive.accepts(value) && Number(value) <= mostConcurrent,
  },
  resume: truth,
};

/**
 * A folder.
 *
 * @example
 * const reports = user.drive.home().folder('reports');
 * await reports.put({ key: '2026.csv', body: 'report.csv' });
 * for await (const { key, sizeBytes } of reports.list()) console.log(key, sizeBytes);
 */
export class DriveFolder {
  /** What all keys of the folder begin with in the bucket; empty for the bucket itself. */
  readonly prefix: string;
  readonly #ports: FolderPorts;

  static {
    printAs(DriveFolder.prototype, (folder) => `DriveFolder { ${JSON.stringify(folder.prefix)} }`);
  }

  /** @internal */
  constructor(ports: FolderPorts, prefix: string) {
    this.#ports = ports;
    this.prefix = prefix;
  }

  /**
   * A folder below this one. Nothing is sent: folders are beginnings of keys, and need not be made.
   *
   * @throws {ConfigurationError} the name is empty, or has a segment `.` or `..`
   * @example
   * const reports = user.drive.folder('reports');
   */
  folder(name: string): DriveFolder {
    return new DriveFolder(this.#ports, checkedFolder(name, this.prefix));
  }

  /**
   * Lists objects, lazily, in the order of their keys.
   *
   * @param params `prefix`: only keys that begin with it
   * @example
   * const recent = await user.drive.list({ prefix: 'reports/2026' }).toArray({ limit: 100 });
   */
  list(params: { readonly prefix?: string | undefined } = {}, options: RequestOptions = {}): List<DriveObject> {
    checkMembers(params, 'A list of objects', { prefix: text });
    const prefix = checkedPrefix(params.prefix ?? '', this.prefix);
    return createList({
      call: 'ListObjects',
      key: ({ key }) => key,
      // A page begins after a key, so what is removed meanwhile moves nothing.
      removals: () => 0,
      fetchPage: async (marker) => {
        const store = await this.#ports.store();
        const page = await store.list(prefix, marker, options);
        return { ...page, items: page.items.map((object) => this.#shown(object)) };
      },
    });
  }

  /**
   * What is known of an object, without its content.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const { sizeBytes, modifiedAt } = await user.drive.head('data.csv');
   */
  async head(key: string, options: RequestOptions = {}): Promise<DriveObject> {
    const store = await this.#storeFor(key);
    return this.#shown(await store.head(this.#at(key), options));
  }

  /**
   * Stores an object, in place of one that has the key. Up to 8 MiB go in one piece, more in parts, several at once; memory stays flat
   * whatever the size. A failed upload is ended at the service too; where that fails, its id is in the error's `created`.
   *
   * @throws {ConfigurationError} the key cannot be kept, or the body cannot be read; nothing was stored
   * @throws {ApiError} storage refused it
   * @example
   * await user.drive.put({ key: 'data.csv', body: 'data.csv' }, { onProgress: ({ transferredBytes }) => console.error(transferredBytes) });
   */
  async put(params: PutParams, options: TransferOptions = {}): Promise<DriveObject> {
    checkMembers(params, 'A new object', { key: text, body: anything, contentType: text });
    checkMembers(options, 'The options of a transfer', transferKinds);
    const key = this.#at(params.key);
    return withTotalDeadline(this.#ports.clock, { name: 'drive.put', safe: true }, options, async (within) => {
      const store = await this.#ports.store();
      return this.#shown(await store.put({ ...params, key }, within));
    });
  }

  /**
   * An object with its content, which is read when it is asked for: as a stream of pieces in order, of which several travel at once, or
   * as a whole.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @throws {ConflictError} while it is read: another object has taken its place
   * @example
   * const content = await user.drive.get('data.csv');
   * for await (const bytes of content) process.stdout.write(bytes);
   */
  async get(key: string, options: TransferOptions = {}): Promise<DriveContent> {
    checkMembers(options, 'The options of a transfer', transferKinds);
    const store = await this.#storeFor(key);
    const { timeoutMs, ...reading } = options;
    const object = await store.head(this.#at(key), { ...reading, timeoutMs });
    return new DriveContent(this.#shown(object), () => store.read(object, reading));
  }

  /**
   * Writes an object to a file. It grows as `<file>.<id>.partial` beside its place and takes it when it is whole; where a call fails,
   * the next one for the same object goes on from there.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @throws {ConflictError} another object took its place meanwhile
   * @throws {ConfigurationError} code `FILE_UNUSABLE`: the file cannot be written
   * @example
   * await user.drive.download({ key: 'data.csv', to: 'data.csv' });
   */
  async download(params: DownloadParams, options: FileTransferOptions = {}): Promise<DriveObject> {
    checkMembers(params, 'A download', { key: text, to: anything });
    checkMembers(options, 'The options of a transfer', transferKinds);
    const key = this.#at(params.key);
    return withTotalDeadline(this.#ports.clock, { name: 'drive.download', safe: true }, options, async (within) => {
      const store = await this.#ports.store();
      return this.#shown(await store.download(key, params.to, within));
    });
  }

  /**
   * Copies an object within the folder, at the service. Up to 5 GiB go in one request, more in parts of 1 GiB.
   *
   * @throws {NotFoundError} there is none to copy
   * @throws {ConflictError} another object took its place meanwhile
   * @example
   * await user.drive.copy({ from: 'data.csv', to: 'archive/data.csv' });
   */
  async copy(params: { readonly from: string; readonly to: string }, options: RequestOptions = {}): Promise<void> {
    checkMembers(params, 'A copy', { from: text, to: text });
    const [from, to] = [this.#at(params.from), this.#at(params.to)];
    await withTotalDeadline(this.#ports.clock, { name: 'drive.copy', safe: true }, options, async (within) => {
      const store = await this.#ports.store();
      await store.copy({ from, to }, within);
    });
  }

  /**
   * Deletes an object. It is no error when there is none.
   *
   * @example
   * await user.drive.delete('data.csv');
   */
  async delete(key: string, options: RequestOptions = {}): Promise<void> {
    const store = await this.#storeFor(key);
    await store.delete(this.#at(key), options);
  }

  /**
   * Deletes all objects of the folder whose keys begin with `prefix`; all of them with an empty one.
   *
   * @returns how many there were
   * @throws {ConfigurationError} `confirm` is not `true`; nothing was deleted
   * @example
   * await user.drive.folder('tmp').deleteAll({ prefix: '' }, { confirm: true });
   */
  async deleteAll(params: { readonly prefix: string }, options: DeleteAllOptions): Promise<number> {
    checkMembers(params, 'A deletion', { prefix: text });
    checkMembers(options, 'The options of deleteAll()', { confirm: truth, onProgress: callback });
    const given: unknown = params.prefix;
    if (typeof given !== 'string')
      throw invalidParameter('A deletion of many objects has no prefix.', 'Pass `prefix`; an empty one for all.');
    if (!options.confirm) {
      throw invalidParameter(
        'Many objects would be deleted, and that is not confirmed.',
        'Look at `list({ prefix })`, then pass `{ confirm: true }`.',
      );
    }
    const prefix = checkedPrefix(given, this.prefix);
    return withTotalDeadline(this.#ports.clock, { name: 'drive.deleteAll', safe: true }, options, async (within) => {
      const store = await this.#ports.store();
      return store.deleteAll(prefix, within);
    });
  }

  /**
   * A URL from which anybody can read the object until it expires; for links, and for services that fetch data themselves. It ends with
   * the session that signed it, which lives for an hour at most: `expiresAt` says when. Whether the object exists is not looked at.
   *
   * @example
   * const { url, expiresAt } = await user.drive.presign('report.pdf', { expiresInSeconds: 600 });
   */
  async presign(key: string, options: PresignOptions = {}): Promise<PresignedUrl> {
    checkMembers(options, 'The options of presign()', { expiresInSeconds: positive });
    const { expiresInSeconds = 86_400 } = options;
    if (expiresInSeconds > longestPresignSeconds) {
      throw invalidParameter('A presigned URL can work for 7 days at most.', 'Pass `expiresInSeconds` up to 604,800.');
    }
    const store = await this.#storeFor(key);
    const { url, expiresAt } = await store.presign(this.#at(key), expiresInSeconds, options);
    return new PresignedUrl(url, expiresAt);
  }

  toJSON(): { readonly prefix: string } {
    return { prefix: this.prefix };
  }

  #at(key: string): string {
    return checkedKey(key, this.prefix);
  }

  /** The key is looked at first: what cannot be is refused before anything is loaded or asked. */
  async #storeFor(key: string): Promise<BucketStore> {
    this.#at(key);
    return this.#ports.store();
  }

  #shown({ key, sizeBytes, etag, modifiedAt, contentType }: StoredObject): DriveObject {
    return {
      key: key.slice(this.prefix.length),
      sizeBytes,
      ...(etag === undefined ? {} : { etag }),
      ...(modifiedAt === undefined ? {} : { modifiedAt }),
      ...(contentType === undefined ? {} : { contentType }),
    };
  }
}

/**
 * Files that a project holds beside its experiments: what one app stores, another reads as the same user.
 */
import { anything, callback, checkMembers, text } from '../http/given.js';
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { contentTypeOf } from '../internal/content-type.js';
import { openAnyFile, type ArtifactSource, type OpenedArtifact } from './artifact-source.js';
import type { Artifact, Downloaded, DownloadOptions, TransferApi, UploadOptions } from './artifacts.js';
import { checkedName } from './checks.js';
import { downloadTo, type DownloadTarget } from './download.js';
import { filterKinds, filterOf, type ListFilter } from './list-filter.js';
import type { PlatformResolver } from './platform-resolver.js';
import { childOf, idOf, type ArtifactRef, type ProjectRef } from './references.js';

/** A file of a project, as storage has it. */
export interface ProjectArtifact extends Artifact {
  readonly project: { readonly id: string };
  /** The name it was uploaded under. Names need not be unique. */
  readonly name: string;
  readonly contentType?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
}

export interface ArtifactUploadParams {
  readonly project: ProjectRef;
  /** Any file, also an empty one. */
  readonly body: ArtifactSource;
  /** Under which it is found again. Default: the name of the file; bytes and streams need one. */
  readonly name?: string | undefined;
  /** Default: what the extension of the name promises, else `application/octet-stream`. */
  readonly contentType?: string | undefined;
}

export interface ArtifactListParams extends ListFilter {
  readonly project: ProjectRef;
}

/** A checked order for a new file of a project. */
interface ArtifactOrder {
  readonly projectId: string;
  readonly name: string;
  readonly contentType: string;
  readonly file: OpenedArtifact;
}

/** Files of projects on one platform. */
export interface ProjectArtifactsApi {
  upload(order: ArtifactOrder, options: UploadOptions): Promise<ProjectArtifact>;
  get(id: string, projectId: string, options: RequestOptions): Promise<ProjectArtifact>;
  list(projectId: string, filter: ListFilter, options: RequestOptions): List<ProjectArtifact>;
  delete(id: string, options: RequestOptions): Promise<void>;
  readonly download: TransferApi['download'];
}

export class ProjectArtifacts {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * Stores a file in a project: a data set, for instance, which another app of the same user then reads, as may everyone whom the project
   * is shared with. The file is streamed: memory stays flat whatever its size. When it fails half-way, what was made is removed.
   *
   * @param options without `timeoutMs` it takes as long as it moves: `idleTimeoutMs` (default 60 s) ends one that does not
   * @throws {ConfigurationError} code `ARTIFACT_INVALID`: the file is missing or a directory; nothing was sent
   * @throws {ApiError} code `UPLOAD_INCOMPLETE`: the platform stored something else than what was sent
   * @example
   * const artifact = await mlops.artifacts.upload({ project, body: 'customers.csv' });
   */
  async upload(params: ArtifactUploadParams, options: UploadOptions = {}): Promise<ProjectArtifact> {
    checkMembers(params, 'A new artifact', { project: anything, body: anything, name: text, contentType: text });
    checkMembers(options, 'The options of a call', { onProgress: callback });
    const projectId = idOf(params.project, 'project');
    return withTotalDeadline(this.#platform.clock, { name: 'artifacts.upload', safe: false }, options, async (within) => {
      const file = await openAnyFile(params.body);
      const name = checkedName(params.name ?? file.name ?? '', 'artifact');
      const contentType = params.contentType ?? contentTypeOf(name) ?? 'application/octet-stream';
      const { projectArtifacts } = await this.#platform.resolve(within);
      return projectArtifacts.upload({ projectId, name, contentType, file }, within);
    });
  }

  /**
   * Reads what is known of a file.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const { sizeBytes, md5 } = await mlops.artifacts.get({ id: 'f3…', project });
   */
  async get(artifact: ArtifactRef, options: RequestOptions = {}): Promise<ProjectArtifact> {
    const { id, project } = childOf(artifact, 'artifact');
    const { projectArtifacts } = await this.#platform.resolve(options);
    return projectArtifacts.get(id, project.id, options);
  }

  /**
   * Lists the files of a project, lazily; those of its experiments are not among them.
   *
   * @example
   * const newest = await mlops.artifacts.list({ project, name: 'customers.csv', order: 'newestFirst' }).first();
   */
  list(params: ArtifactListParams, options: RequestOptions = {}): List<ProjectArtifact> {
    checkMembers(params, 'A list of artifacts', { project: anything, ...filterKinds });
    const projectId = idOf(params.project, 'project');
    const filter = filterOf(params);
    return lazyList(async () => (await this.#platform.resolve(options)).projectArtifacts.list(projectId, filter, options));
  }

  /**
   * Downloads a file, streamed: memory stays flat whatever its size. A broken download goes on from where it was, and the checksum is
   * compared with that of the platform. At a path nothing appears before all of it is there.
   *
   * @param to a path, a `file:` URL, or a WritableStream, which is not closed
   * @param options without `timeoutMs` it takes as long as it moves: `idleTimeoutMs` (default 60 s) ends one that does not
   * @throws {NotFoundError} there is no such file, or this user may not see it
   * @throws {ApiError} code `DOWNLOAD_INCOMPLETE`: other bytes came than the platform has
   * @example
   * for await (const artifact of mlops.artifacts.list({ project })) await mlops.artifacts.download(artifact, artifact.id);
   */
  async download(artifact: ArtifactRef, to: DownloadTarget, options: Omit<DownloadOptions, 'artifactId'> = {}): Promise<Downloaded> {
    const { id, project } = childOf(artifact, 'artifact');
    checkMembers(options, 'The options of a download', { onProgress: callback });
    const call = { name: 'artifacts.download', safe: true };
    return withTotalDeadline(this.#platform.clock, call, options, async (within) => {
      const { projectArtifacts } = await this.#platform.resolve(within);
      const artifacts = [await projectArtifacts.get(id, project.id, within)];
      return downloadTo(to, { call: call.name, artifacts, download: projectArtifacts.download }, this.#platform.clock, within);
    });
  }

  /**
   * Deletes a file.
   *
   * @throws {NotFoundError} there is none
   * @example
   * for await (const old of mlops.artifacts.list({ project, name: 'customers.csv' })) await mlops.artifacts.delete(old);
   */
  async delete(artifact: ArtifactRef, options: RequestOptions = {}): Promise<void> {
    const { id } = childOf(artifact, 'artifact');
    const { projectArtifacts } = await this.#platform.resolve(options);
    await projectArtifacts.delete(id, options);
  }
}

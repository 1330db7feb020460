/**
 * What a local cloud remembers of its users' work: one store, whichever API reads or writes it. Plain data in maps; how it looks on a wire is the APIs' business.
 * Times are milliseconds since the epoch. Everything is reached through its owner: what a user may not see does not exist for them.
 */
import { randomUUID } from 'node:crypto';
import type { Caller } from './access.js';
import type { JsonObject } from './json.js';

export interface User {
  readonly id: string;
  /** Who the identity provider says it is. */
  readonly subject: string;
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly createdAt: number;
}

export interface Project {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly description: string;
  /** Free texts by key, which platforms with workspaces have. */
  readonly annotations: JsonObject;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly archivedAt: number | undefined;
  /** Where workspaces can be restored, a deleted one is kept, seen by nobody who does not ask for it. */
  readonly deletedAt: number | undefined;
}

/** A project that somebody else may see too. */
export interface Sharing {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
  readonly isReadOnly: boolean;
  readonly createdAt: number;
}

export interface Environment {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly createdAt: number;
}

/** What an artifact can hang on. */
type EntityType = 'PROJECT' | 'EXPERIMENT' | 'DATASET' | 'DEPLOYMENT';

/** An inspection of a model that runs while nobody waits for it. */
interface Ingestion {
  readonly requestedAt: number;
  readonly outcome: IngestionOutcome;
}

export type IngestionOutcome =
  | { readonly artifactType: string; readonly targetColumn: string | undefined; readonly metadata: JsonObject }
  | { readonly failure: string };

/** Mutable: its bytes arrive piece by piece. */
export interface Artifact {
  readonly id: string;
  readonly ownerId: string;
  readonly createdAt: number;
  /** What it hangs on. */
  entityId: string;
  entityType: EntityType;
  type: string;
  mimeType: string;
  modifiedAt: number;
  chunks: Uint8Array[];
  sizeBytes: number;
  /** Set when the last piece has come. */
  uploaded: { readonly at: number; readonly md5Digest: string } | undefined;
  uploadFailed: boolean;
  ingestion: Ingestion | undefined;
}

export interface Tag {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface Comment {
  readonly id: string;
  readonly authorId: string;
  readonly message: string;
  readonly createdAt: number;
}

/** A figure that an experiment has on a dataset. */
export interface Metric {
  readonly datasetId: string;
  readonly key: string;
  /** As it was sent. */
  readonly value: JsonObject;
}

export interface Dataset {
  readonly id: string;
  readonly projectId: string;
  /** Other projects that it is shown in. */
  readonly linkedProjectIds: readonly string[];
  readonly ownerId: string;
  readonly name: string;
  readonly metadata: JsonObject;
  readonly tagIds: readonly string[];
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface Experiment {
  readonly id: string;
  readonly projectId: string;
  /** Other projects that it is shown in. */
  readonly linkedProjectIds: readonly string[];
  readonly ownerId: string;
  readonly name: string;
  readonly description: string;
  /** Values by key, as they were sent. */
  readonly metadata: JsonObject;
  readonly parameters: JsonObject;
  readonly tagIds: readonly string[];
  readonly comments: readonly Comment[];
  readonly metrics: readonly Metric[];
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** A deleted experiment can be restored. */
  readonly deletedAt: number | undefined;
}

export interface Model {
  readonly id: string;
  readonly projectId: string;
  readonly ownerId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface ModelVersion {
  readonly id: string;
  readonly modelId: string;
  readonly experimentId: string;
  readonly version: number;
  readonly ownerId: string;
  readonly createdAt: number;
}

export type PassphraseHash = 'PLAINTEXT' | 'BCRYPT' | 'PBKDF2';

export type Protection =
  | { readonly kind: 'none' }
  | { readonly kind: 'oidc' }
  | { readonly kind: 'passphrase'; readonly hash: string; readonly hashType: PassphraseHash }
  /** Of a key only its beginning and its SHA-256 digest are kept. */
  | { readonly kind: 'api-key'; readonly prefix: string; readonly digest: string };

/** One of the ways into a deployment: who passes one of them may score. */
export interface Security {
  readonly id: string;
  readonly name: string;
  readonly updatedAt: number;
  readonly protection: Protection;
}

/** One model in a deployment, and what it runs on. */
export interface DeploymentElement {
  readonly experimentId: string;
  readonly artifactId: string;
  readonly composition: {
    readonly artifactType: string;
    readonly processor: string;
    readonly runtime: string;
    readonly runtimeImage: string;
  };
  readonly weight: number;
  readonly resources: {
    readonly limits: JsonObject;
    readonly requests: JsonObject;
    readonly replicas: number;
    /** How many there were before it was scaled to none. */
    readonly previousReplicas?: number | undefined;
  };
  readonly affinity: string;
  readonly toleration: string;
  readonly replicaSpread: string;
  readonly environmentVariables: JsonObject;
  readonly verticalScaling: JsonObject | undefined;
  readonly disruptionBudget: JsonObject | undefined;
}

export type DeploymentMode = 'single' | 'split' | 'shadow';

/** What a user decides about a deployment. */
export interface DeploymentPlan {
  readonly name: string;
  readonly description: string;
  readonly mode: DeploymentMode;
  /** One for `single`, primary and secondary for `shadow`. */
  readonly elements: readonly DeploymentElement[];
  readonly securities: readonly Security[];
  readonly monitor: { readonly enabled: boolean; readonly storesTransactions: boolean };
  /** As the API of platforms 1.x words it. */
  readonly monitoringOptions: JsonObject | undefined;
  readonly corsOrigins: readonly string[] | undefined;
}

export interface Deployment extends DeploymentPlan {
  readonly id: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly ownerId: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly revisionId: string;
  /** When the present revision began to come up. */
  readonly revisedAt: number;
  /** Why it will not become healthy, if so. */
  readonly failure: string | undefined;
  /** Taken out of service by its user, until it is resumed. */
  readonly paused: boolean;
}

export interface Endpoint {
  readonly id: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly name: string;
  readonly description: string;
  readonly path: string;
  /** The deployment that it points at; empty for none. */
  readonly targetId: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Something that somebody did in a project. */
export interface AuditEvent {
  readonly id: string;
  readonly actorId: string;
  readonly projectId: string;
  /** As the audit trail names it, for instance `DEPLOY`. */
  readonly operation: string;
  readonly message: string;
  readonly at: number;
  readonly experimentId: string;
  readonly deploymentId: string;
}

export class State {
  readonly users: Map<string, User> = new Map();
  readonly projects: Map<string, Project> = new Map();
  readonly sharings: Map<string, Sharing> = new Map();
  readonly environments: Map<string, Environment> = new Map();
  readonly artifacts: Map<string, Artifact> = new Map();
  readonly tags: Map<string, Tag> = new Map();
  readonly datasets: Map<string, Dataset> = new Map();
  readonly experiments: Map<string, Experiment> = new Map();
  readonly models: Map<string, Model> = new Map();
  readonly versions: Map<string, ModelVersion> = new Map();
  readonly deployments: Map<string, Deployment> = new Map();
  readonly endpoints: Map<string, Endpoint> = new Map();
  readonly events: AuditEvent[] = [];
  readonly #userIds = new Map<string, string>();

  /** The user that a caller is, made on first sight. */
  user(caller: Pick<Caller, 'issuer' | 'subject' | 'username' | 'displayName' | 'email'>, now: number): User {
    const key = JSON.stringify([caller.issuer, caller.subject]);
    const known = this.users.get(this.#userIds.get(key) ?? '');
    if (known !== undefined) return known;
    const { subject, username, displayName, email } = caller;
    const user: User = {
      id: randomUUID(),
      subject,
      username,
      displayName: displayName || username,
      email: email || username,
      createdAt: now,
    };
    this.users.set(user.id, user);
    this.#userIds.set(key, user.id);
    return user;
  }

  createProject(owner: User, params: Pick<Project, 'name' | 'description'> & Partial<Pick<Project, 'annotations'>>, now: number): Project {
    const project: Project = {
      id: randomUUID(),
      ownerId: owner.id,
      annotations: {},
      ...params,
      createdAt: now,
      modifiedAt: now,
      archivedAt: undefined,
      deletedAt: undefined,
    };
    this.projects.set(project.id, project);
    for (const name of ['DEV', 'PROD']) {
      const environment: Environment = { id: randomUUID(), projectId: project.id, name, createdAt: now };
      this.environments.set(environment.id, environment);
    }
    return project;
  }

  /** The project that an artifact's entity belongs to, or is. */
  projectOf(entityId: string): Project | undefined {
    const entity = this.experiments.get(entityId) ?? this.datasets.get(entityId) ?? this.deployments.get(entityId);
    return this.projects.get(entity?.projectId ?? entityId);
  }

  /** Removes a project with everything in it, live deployments too. */
  removeProject(projectId: string): void {
    for (const { id } of inProject(this.experiments, projectId)) this.removeExperiment(id);
    for (const { id } of inProject(this.models, projectId)) this.removeModel(id);
    for (const map of [this.sharings, this.environments, this.tags, this.datasets, this.deployments, this.endpoints]) {
      for (const { id } of inProject<{ readonly id: string; readonly projectId: string }>(map, projectId)) map.delete(id);
    }
    this.#removeArtifactsOf(projectId);
    this.projects.delete(projectId);
  }

  removeExperiment(experimentId: string): void {
    for (const version of [...this.versions.values()]) if (version.experimentId === experimentId) this.versions.delete(version.id);
    this.#removeArtifactsOf(experimentId);
    this.experiments.delete(experimentId);
  }

  removeModel(modelId: string): void {
    for (const version of [...this.versions.values()]) if (version.modelId === modelId) this.versions.delete(version.id);
    this.models.delete(modelId);
  }

  /** Removes a deployment; endpoints that point at it point at nothing then. */
  removeDeployment(deploymentId: string): void {
    this.deployments.delete(deploymentId);
    for (const [id, endpoint] of this.endpoints) {
      if (endpoint.targetId === deploymentId) this.endpoints.set(id, { ...endpoint, targetId: '' });
    }
  }

  removeTag(tagId: string): void {
    this.tags.delete(tagId);
    const without = <Entry extends { readonly tagIds: readonly string[] }>(entry: Entry): Entry => ({
      ...entry,
      tagIds: entry.tagIds.filter((id) => id !== tagId),
    });
    for (const [id, experiment] of this.experiments) this.experiments.set(id, without(experiment));
    for (const [id, dataset] of this.datasets) this.datasets.set(id, without(dataset));
  }

  #removeArtifactsOf(entityId: string): void {
    for (const artifact of [...this.artifacts.values()]) if (artifact.entityId === entityId) this.artifacts.delete(artifact.id);
  }
}

/** The entries of a project, oldest first. */
export function inProject<Entry extends { readonly projectId: string }>(
  map: ReadonlyMap<string, Entry>,
  projectId: string,
): readonly Entry[] {
  return [...map.values()].filter((entry) => entry.projectId === projectId);
}

/** All bytes of an artifact, in one piece. */
export function bytesOf(artifact: Artifact): Uint8Array {
  return Buffer.concat(artifact.chunks);
}

/** The bytes from `start` to before `end`, in pieces, each made when it is asked for. */
export function* bytesBetween({ chunks }: Artifact, start: number, end: number): Generator<Uint8Array> {
  let offset = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(start - offset, 0), Math.max(end - offset, 0));
    if (part.byteLength > 0) yield part;
    offset += chunk.byteLength;
  }
}

/**
 * The entries that one user may see: their own, and those of projects that are shared with them, which they may be allowed to read only.
 * Everything else, and what is deleted, is "not found", like what does not exist.
 */
import type {
  Artifact,
  Dataset,
  Deployment,
  Environment,
  Experiment,
  Model,
  ModelVersion,
  Project,
  Sharing,
  State,
  Tag,
  User,
} from '../state.js';
import { RpcError, notFound } from './rpc-error.js';

/** Who asks, and whether the request is one that changes things. */
export interface Actor extends User {
  readonly writes: boolean;
}

export class Visible {
  readonly #state: State;
  readonly #user: Actor;

  constructor(state: State, user: Actor) {
    this.#state = state;
    this.#user = user;
  }

  /** All projects of the user, oldest first. */
  projects(): readonly Project[] {
    return [...this.#state.projects.values()].filter((project) => this.#sees(project));
  }

  project(id: string): Project {
    const project = this.#state.projects.get(id);
    if (project === undefined || !this.#sees(project)) throw notFound('project', id);
    return this.#allowed(project);
  }

  /** A project that is the user's own. */
  ownProject(id: string): Project {
    const project = this.project(id);
    if (project.ownerId !== this.#user.id) throw new RpcError(7, `project ${id} belongs to another user`);
    return project;
  }

  environment(id: string): Environment {
    return this.#inProject('deployment environment', this.#state.environments.get(id), id);
  }

  /** The experiments of a project that are not deleted, oldest first. */
  experiments(projectId: string): readonly Experiment[] {
    const { id } = this.project(projectId);
    return [...this.#state.experiments.values()].filter(
      (entry) => (entry.projectId === id || entry.linkedProjectIds.includes(id)) && entry.deletedAt === undefined,
    );
  }

  experiment(id: string): Experiment {
    const experiment = this.experimentEvenDeleted(id);
    if (experiment.deletedAt !== undefined) throw notFound('experiment', id);
    return experiment;
  }

  experimentEvenDeleted(id: string): Experiment {
    return this.#inProject('experiment', this.#state.experiments.get(id), id);
  }

  datasets(projectId: string): readonly Dataset[] {
    const { id } = this.project(projectId);
    return [...this.#state.datasets.values()].filter((entry) => entry.projectId === id || entry.linkedProjectIds.includes(id));
  }

  dataset(id: string): Dataset {
    return this.#inProject('dataset', this.#state.datasets.get(id), id);
  }

  tag(id: string): Tag {
    return this.#inProject('tag', this.#state.tags.get(id), id);
  }

  model(id: string): Model {
    return this.#inProject('registered model', this.#state.models.get(id), id);
  }

  version(id: string): ModelVersion {
    const version = this.#state.versions.get(id);
    if (version === undefined || !this.#seesVersion(version)) throw notFound('registered model version', id);
    this.model(version.modelId);
    return version;
  }

  /** The versions that point at experiments which are not deleted, oldest first. */
  versions(): readonly ModelVersion[] {
    return [...this.#state.versions.values()].filter((version) => this.#seesVersion(version));
  }

  deployment(id: string): Deployment {
    return this.#inProject('deployment', this.#state.deployments.get(id), id);
  }

  artifact(id: string): Artifact {
    const artifact = this.#state.artifacts.get(id);
    const project = artifact === undefined ? undefined : this.#state.projectOf(artifact.entityId);
    if (artifact === undefined || project === undefined || !this.#sees(project)) throw notFound('artifact', id);
    this.#allowed(project);
    return artifact;
  }

  /** What an artifact can hang on, by its id. */
  entity(id: string): Pick<Artifact, 'entityId' | 'entityType'> {
    if (this.#state.experiments.has(id)) return { entityId: this.experiment(id).id, entityType: 'EXPERIMENT' };
    if (this.#state.datasets.has(id)) return { entityId: this.dataset(id).id, entityType: 'DATASET' };
    if (this.#state.deployments.has(id)) return { entityId: this.deployment(id).id, entityType: 'DEPLOYMENT' };
    return { entityId: this.project(id).id, entityType: 'PROJECT' };
  }

  #sees(project: Project): boolean {
    return project.deletedAt === undefined && (project.ownerId === this.#user.id || this.#sharing(project) !== undefined);
  }

  #sharing(project: Project): Sharing | undefined {
    return [...this.#state.sharings.values()].find(({ projectId, userId }) => projectId === project.id && userId === this.#user.id);
  }

  /** Refuses a change to what the user may only read. */
  #allowed(project: Project): Project {
    if (this.#user.writes && project.ownerId !== this.#user.id && this.#sharing(project)?.isReadOnly === true)
      throw new RpcError(7, `you may read project ${project.id}, not change it`);
    return project;
  }

  #seesVersion({ modelId, experimentId }: ModelVersion): boolean {
    const project = this.#state.projects.get(this.#state.models.get(modelId)?.projectId ?? '');
    const experiment = this.#state.experiments.get(experimentId);
    return project !== undefined && this.#sees(project) && experiment !== undefined && experiment.deletedAt === undefined;
  }

  #inProject<Entry extends { readonly projectId: string }>(what: string, entry: Entry | undefined, id: string): Entry {
    const project = this.#state.projects.get(entry?.projectId ?? '');
    if (entry === undefined || project === undefined || !this.#sees(project)) throw notFound(what, id);
    this.#allowed(project);
    return entry;
  }
}

/**
 * What every service of the gateway shares: its surroundings, the shape of a method, and the lookups that keep users apart.
 * What another user owns is "not found", like what does not exist.
 */
import type { Clock } from '../../internal/clock.js';
import type { JsonObject } from '../json.js';
import type { Artifact, Deployment, Environment, Experiment, Model, ModelVersion, Project, State, Tag, User } from '../state.js';
import { notFound } from './rpc-error.js';

export type SecurityKind = 'none' | 'passphrase' | 'hashed-passphrase' | 'oidc';

export interface GatewayContext {
  readonly origin: string;
  readonly state: State;
  readonly clock: Clock;
  /** Entries on a page of a list. */
  readonly pageSize: number;
  readonly healthyAfterMs: number;
  /** The kinds of protection that the administrator has switched on. */
  readonly securityOptions: readonly SecurityKind[];
}

type Method = (message: JsonObject, user: User) => JsonObject;

/** Methods by their path below the gateway, `<mount>/<service>/<method>`. */
export type Methods = Readonly<Record<string, Method>>;

/** Methods of one service, under the full path of each. */
export function service(path: string, methods: Methods): Methods {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [`${path}/${name}`, method]));
}

/** A time on the wire. */
export const timestamp = (at: number): string => new Date(at).toISOString();

/** The entries that one user may see; each lookup refuses the rest. */
export class Visible {
  readonly #state: State;
  readonly #user: User;

  constructor(state: State, user: User) {
    this.#state = state;
    this.#user = user;
  }

  project(id: string): Project {
    const project = this.#state.projects.get(id);
    if (project?.ownerId !== this.#user.id) throw notFound('project', id);
    return project;
  }

  environment(id: string): Environment {
    return this.#inProject('deployment environment', this.#state.environments.get(id), id);
  }

  experiment(id: string): Experiment {
    return this.#inProject('experiment', this.#state.experiments.get(id), id);
  }

  tag(id: string): Tag {
    return this.#inProject('tag', this.#state.tags.get(id), id);
  }

  model(id: string): Model {
    return this.#inProject('registered model', this.#state.models.get(id), id);
  }

  version(id: string): ModelVersion {
    const version = this.#state.versions.get(id);
    if (
      version === undefined ||
      this.#state.projects.get(this.#state.models.get(version.modelId)?.projectId ?? '')?.ownerId !== this.#user.id
    ) {
      throw notFound('registered model version', id);
    }
    return version;
  }

  deployment(id: string): Deployment {
    return this.#inProject('deployment', this.#state.deployments.get(id), id);
  }

  artifact(id: string): Artifact {
    const artifact = this.#state.artifacts.get(id);
    if (artifact?.ownerId !== this.#user.id) throw notFound('artifact', id);
    return artifact;
  }

  /** A project or an experiment, by its id: what an artifact hangs on. */
  entity(id: string): Project | Experiment {
    return this.#state.experiments.has(id) ? this.experiment(id) : this.project(id);
  }

  #inProject<Entry extends { readonly projectId: string }>(what: string, entry: Entry | undefined, id: string): Entry {
    if (entry === undefined || this.#state.projects.get(entry.projectId)?.ownerId !== this.#user.id) throw notFound(what, id);
    return entry;
  }
}

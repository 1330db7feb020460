/**
 * A local cloud for tests without a port: its clock stands still, and requests go in by hand.
 */
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { createLocalCloud } from '../../../src/local/local-cloud.js';
import type { LocalCloud, LocalCloudOptions } from '../../../src/local/local-cloud.js';
import { isObject } from '../../../src/local/json.js';
import type { JsonObject } from '../../../src/local/json.js';

export const origin = 'http://127.0.0.1:9999';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

export class TestCloud {
  readonly clock: FakeClock;
  readonly cloud: LocalCloud;

  constructor(options: Omit<LocalCloudOptions, 'origin' | 'clock'> & { readonly origin?: string; readonly clock?: FakeClock } = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.cloud = createLocalCloud({ origin, ...options, clock: this.clock });
  }

  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await this.cloud.fetch(new Request(`${this.cloud.origin}${path}`, init));
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** A form to an endpoint of the realm. */
  form(
    endpoint: string,
    fields: Readonly<Record<string, string>> | URLSearchParams,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.send(`/auth/realms/hac/protocol/openid-connect/${endpoint}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers,
    });
  }

  /** What the token endpoint grants; fails on a refusal. */
  async granted(fields: Readonly<Record<string, string>>): Promise<Granted> {
    const { status, body } = await this.form('token', fields);
    if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`);
    return {
      accessToken: textOf(body, 'access_token'),
      refreshToken: typeof body['refresh_token'] === 'string' ? body['refresh_token'] : '',
      scope: textOf(body, 'scope'),
      body,
    };
  }

  /** A user of the platforms with workspaces. */
  async workspaceUser(username = 'alice'): Promise<WorkspaceUser> {
    return new WorkspaceUser(this, (await this.cloud.issueTokens(username)).accessToken);
  }

  /** A user of the gateway. */
  async user(username = 'alice'): Promise<GatewayUser> {
    return new GatewayUser(this, (await this.cloud.issueTokens(username)).accessToken);
  }
}

export interface Granted {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly scope: string;
  readonly body: JsonObject;
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { value };
  } catch {
    return { text };
  }
}

export function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a text`);
  return value;
}

export function objectOf(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  if (!isObject(value)) throw new Error(`${name} is not an object`);
  return value;
}

export function listOf(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  if (!Array.isArray(value) || !value.every(isObject)) throw new Error(`${name} is not a list`);
  return value;
}

export const claimsOf = (token: string): JsonObject => parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const line = (message: JsonObject): string => `${JSON.stringify(message)}\n`;

/** The lines of an upload in pieces of `pieceBytes`; without `finish` it lacks its end. */
export function uploadLines(resourceName: string, bytes: Uint8Array, { pieceBytes = 32 * 1024, finish = true, from = 0 } = {}): string {
  let lines = '';
  for (let offset = from; offset < bytes.length; offset += pieceBytes) {
    lines += line({ resourceName, writeOffset: offset, data: Buffer.from(bytes.subarray(offset, offset + pieceBytes)).toString('base64') });
  }
  return finish ? lines + line({ resourceName, writeOffset: bytes.length, finishWrite: true }) : lines;
}

/** The gateway as one user sees it. */
export class GatewayUser {
  readonly #cloud: TestCloud;
  readonly #token: string;

  constructor(cloud: TestCloud, token: string) {
    this.#cloud = cloud;
    this.#token = token;
  }

  send(path: string, body: string): Promise<Answer> {
    return this.#cloud.send(`/mlops/${path}`, { method: 'POST', headers: { authorization: `Bearer ${this.#token}` }, body });
  }

  storage(method: string, message: JsonObject = {}): Promise<Answer> {
    return this.send(`storage/ai.h2o.storage.${method}`, JSON.stringify(message));
  }

  deployer(method: string, message: JsonObject = {}): Promise<Answer> {
    return this.send(`deployer/ai.h2o.deploy.${method}`, JSON.stringify(message));
  }

  write(lines: string): Promise<Answer> {
    return this.send('storage/google.bytestream.ByteStream/Write', lines);
  }

  ingest(artifactId: string): Promise<Answer> {
    return this.send('ingest/ai.h2o.ingest.ModelIngest/CreateModelIngestion', JSON.stringify({ artifactId }));
  }

  async project(displayName = 'demo'): Promise<string> {
    return textOf(objectOf((await this.storage('ProjectService/CreateProject', { project: { displayName } })).body, 'project'), 'id');
  }

  async artifact(entityId: string): Promise<string> {
    const { body } = await this.storage('ArtifactService/CreateArtifact', { artifact: { entityId, mimeType: 'application/zip' } });
    return textOf(objectOf(body, 'artifact'), 'id');
  }

  /** An experiment with a model in it, by the calls that a client makes. */
  async experiment(projectId: string, bytes: Uint8Array): Promise<string> {
    const artifactId = await this.artifact(projectId);
    await this.write(uploadLines(artifactId, bytes));
    const type = textOf(objectOf((await this.ingest(artifactId)).body, 'ingestion'), 'artifactType');
    const { body } = await this.storage('ExperimentService/CreateExperiment', { experiment: { displayName: 'credit' }, projectId });
    const entityId = textOf(objectOf(body, 'experiment'), 'id');
    await this.storage('ArtifactService/UpdateArtifact', { artifact: { id: artifactId, entityId, type }, updateMask: 'type,entityId' });
    return entityId;
  }

  async environment(projectId: string, name = 'DEV'): Promise<string> {
    const { body } = await this.storage('DeploymentEnvironmentService/ListDeploymentEnvironments', { projectId });
    const environment = listOf(body, 'deploymentEnvironment').find((entry) => entry['displayName'] === name);
    return textOf(environment ?? {}, 'id');
  }

  /** A deployment message of one experiment. */
  async deployment(projectId: string, experimentId: string, changes: JsonObject = {}): Promise<JsonObject> {
    return {
      projectId,
      deploymentEnvironmentId: await this.environment(projectId),
      displayName: 'credit',
      singleDeployment: element(experimentId),
      security: { tokenAuth: { authenticationProtocol: 'AUTHORIZATION_PROTOCOL_OIDC' } },
      ...changes,
    };
  }

  async status(deploymentId: string): Promise<JsonObject> {
    return objectOf((await this.deployer('DeploymentStatusService/GetDeploymentStatus', { deploymentId })).body, 'deploymentStatus');
  }
}

/** The platforms with workspaces as one user sees them. */
export class WorkspaceUser {
  readonly #cloud: TestCloud;
  readonly #token: string;

  constructor(cloud: TestCloud, token: string) {
    this.#cloud = cloud;
    this.#token = token;
  }

  send(method: string, path: string, body?: JsonObject): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    return this.#cloud.send(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  authz(method: string, path: string, body?: JsonObject): Promise<Answer> {
    return this.send(method, `/authz/v1/${path}`, body);
  }

  deployer(method: string, path: string, body?: JsonObject): Promise<Answer> {
    return this.send(method, `/mlops/deployer/v2/${path}`, body);
  }

  storage(method: string, message: JsonObject = {}): Promise<Answer> {
    return this.send('POST', `/mlops/storage/ai.h2o.storage.${method}`, message);
  }

  /** A workspace, by its resource name. */
  async workspace(displayName = 'demo'): Promise<string> {
    return textOf(objectOf((await this.authz('POST', 'workspaces', { displayName })).body, 'workspace'), 'name');
  }

  /** An artifact with these bytes in it, by presigned URL. */
  async artifact(workspace: string, bytes: Uint8Array): Promise<string> {
    const created = await this.storage('ArtifactService/CreateArtifact', {
      artifact: { entityId: idOf(workspace), entityType: 'PROJECT', mimeType: 'application/zip', type: 'model.zip' },
    });
    const id = textOf(objectOf(created.body, 'artifact'), 'id');
    await this.put(id, bytes);
    await this.storage('ArtifactService/CompleteArtifactUpload', { id });
    return id;
  }

  async put(artifactId: string, bytes: Uint8Array): Promise<Answer> {
    const { url, contentType } = await this.uploadUrl(artifactId);
    return this.#cloud.send(url, { method: 'PUT', headers: { 'content-type': contentType }, body: Buffer.from(bytes) });
  }

  /** A presigned URL to upload to, without the origin. */
  async uploadUrl(artifactId: string): Promise<{ readonly url: string; readonly contentType: string }> {
    const { body } = await this.storage('ArtifactService/GenerateArtifactUploadURL', { id: artifactId, publicUrl: true });
    const presigned = objectOf(body, 'presignedUrl');
    return { url: withoutOrigin(textOf(presigned, 'url')), contentType: textOf(presigned, 'contentType') };
  }

  /** An experiment with a model in it, ingested while nobody waits. */
  async experiment(workspace: string, bytes: Uint8Array): Promise<string> {
    const artifactId = await this.artifact(workspace, bytes);
    await this.storage('ModelIngestionService/RequestModelIngestion', { artifactId });
    await this.#cloud.clock.advance(1000);
    const { body } = await this.storage('ExperimentService/CreateExperiment', {
      projectId: idOf(workspace),
      artifactId,
      experiment: { displayName: 'credit' },
      disableModelRegistration: true,
    });
    return textOf(objectOf(body, 'experiment'), 'id');
  }

  /** A deployment of one experiment, as it was answered. */
  async deployment(workspace: string, experimentId: string, changes: JsonObject = {}): Promise<JsonObject> {
    const message = { displayName: 'credit', single: restElement(experimentId), securities: [oidcSecurity], ...changes };
    return objectOf((await this.deployer('POST', `${workspace}/deployments`, message)).body, 'deployment');
  }

  async state(deployment: JsonObject): Promise<unknown> {
    const { body } = await this.deployer('GET', `${textOf(deployment, 'name')}/status`);
    return objectOf(body, 'deploymentStatus')['state'];
  }
}

/** The last part of a resource name. */
export const idOf = (name: string): string => name.split('/').at(-1) ?? '';

export const withoutOrigin = (url: string): string => url.slice(new URL(url).origin.length);

export const oidcSecurity = { tokenAuth: { authenticationProtocol: 'OIDC' } };

export const restElement = (experimentId: string, changes: JsonObject = {}): JsonObject => ({
  deploymentComposition: {
    experimentId,
    deployableArtifactType: 'h2o3_mojo',
    artifactProcessor: 'h2o3_mojo_extractor',
    runtime: 'h2o3_mojo_runtime',
  },
  ...changes,
});

export const element = (experimentId: string, changes: JsonObject = {}): JsonObject => ({
  deploymentComposition: {
    experimentId,
    deployableArtifactTypeName: 'h2o3_mojo',
    artifactProcessorName: 'h2o3_mojo_extractor',
    runtimeName: 'h2o3_mojo_runtime',
  },
  ...changes,
});

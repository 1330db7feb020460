/**
 * Answers what the programs and rows ask, with as little work as can be. It runs in a process of its own, so that only clients are measured.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerStorage, isStorage } from './storage.js';

const project = {
  id: 'a3b1c6e0-0000-4000-8000-000000000001',
  displayName: 'demo',
  description: 'x'.repeat(780),
  ownerId: 'alice',
  createdTime: '2026-01-01T00:00:00Z',
};
const columns = Array.from({ length: 16 }, (_, index) => ({
  name: `COLUMN_${String(index).padStart(2, '0')}`,
  dataType: index % 2 === 0 ? 'Float64' : 'Str',
}));

/** What is asked for, the last part of its path, to its answer. All are about 1 KB where it matters. */
const answers: ReadonlyMap<string, string> = new Map(
  Object.entries({
    GetProject: { project },
    schema: { id: 'bench', schema: { inputFields: columns, outputFields: columns.slice(0, 2) } },
    score: { id: 'bench', fields: ['p0', 'p1'], score: [['0.25', '0.75']] },
    CreateArtifact: { artifact: { id: 'artifact', entityId: project.id } },
    Write: {},
    CreateModelIngestion: { ingestion: { artifactType: 'h2o3_mojo', modelMetadata: { values: {} } } },
    CreateExperiment: { experiment: { id: 'experiment', displayName: 'bench' } },
    UpdateArtifact: { artifact: { id: 'artifact', type: 'h2o3_mojo' } },
    CompleteArtifactUpload: {},
    RequestModelIngestion: {},
    GetArtifact: { artifact: { id: 'artifact', modelIngestionState: { status: 'SUCCEEDED' } } },
    ListEntityArtifacts: { artifact: [{ id: 'artifact', state: 'AVAILABLE' }], paging: null },
    // A token without a life: each call needs another one.
    token: { access_token: 'x'.repeat(1_100), token_type: 'Bearer', expires_in: 0, refresh_token: 'y'.repeat(700), scope: 'openid' },
    // What the peers ask, in their shape.
    'gpt-bench': { id: 'gpt-bench', object: 'model', created: 1, owned_by: 'x'.repeat(900) },
  }).map(([name, answer]) => [name, JSON.stringify(answer)]),
);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (isStorage(request)) return answerStorage(request, response);
  request.resume();
  await once(request, 'end');
  const { pathname, searchParams, origin } = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`);
  const name = pathname.split('/').at(-1) ?? '';
  const bytes = /^bytes-(\d+)$/.exec(name)?.[1];
  // A gateway of artifacts of that size.
  const sizeMiB = /^\/of-(\d+)\//.exec(pathname)?.[1] ?? '1024';
  if (name === 'Read') {
    await giveLines(response, Number(sizeMiB));
    return;
  }
  if (bytes !== undefined && request.method === 'GET') {
    await giveBytes(response, Number(bytes));
    return;
  }
  const body = bytes === undefined ? (answers.get(name) ?? answerOf(name, searchParams, `${origin}/bytes-${sizeMiB}`)) : '';
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
}

/** Answers that depend on where they are asked. */
function answerOf(name: string, query: URLSearchParams, signed: string): string | undefined {
  if (/^GenerateArtifact(Up|Down)loadURL$/.test(name))
    return JSON.stringify({ presignedUrl: { url: signed, contentType: 'application/zip' } });
  if (name !== 'deployments') return undefined;
  const page = Number(query.get('pageToken') ?? 0);
  return JSON.stringify({ deployments: pageOf(page), nextPageToken: page === 9 ? '' : String(page + 1) });
}

/** 1,000 deployments as platform 1.x tells them. */
function pageOf(page: number): readonly object[] {
  return Array.from({ length: 1000 }, (_, index) => ({
    name: `workspaces/project/deployments/${page * 1000 + index}`,
    displayName: `deployment ${index}`,
    description: '',
    etag: '"x"',
    createTime: '2026-01-01T00:00:00Z',
    updateTime: '2026-01-01T00:00:00Z',
    creator: 'users/alice',
    single: {
      deploymentComposition: {
        experimentId: 'e',
        deployableArtifactType: 'h2o3_mojo',
        artifactProcessor: 'p',
        runtime: 'h2o3_mojo_runtime',
      },
      kubernetesResourceSpec: { kubernetesResourceRequirements: { limits: { cpu: '1' }, requests: { cpu: '250m' } }, replicas: 1 },
      kubernetesConfigShortcut: {},
      runtimeEnvironmentVariables: {},
    },
    securities: [{ tokenAuth: { authenticationProtocol: 'OIDC' } }],
  }));
}

async function giveBytes(response: ServerResponse, sizeMiB: number): Promise<void> {
  response.writeHead(200, { 'content-length': String(sizeMiB * 1024 * 1024) });
  await give(response, Buffer.alloc(1024 * 1024), sizeMiB);
}

/** The same as lines of JSON, each of 32 KiB. */
async function giveLines(response: ServerResponse, sizeMiB: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  const line = `${JSON.stringify({ result: { data: Buffer.alloc(32 * 1024).toString('base64') } })}\n`;
  await give(response, Buffer.from(line.repeat(32)), sizeMiB);
}

async function give(response: ServerResponse, piece: Buffer, times: number): Promise<void> {
  for (let count = 0; count < times; count++) if (!response.write(piece)) await once(response, 'drain');
  response.end();
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => {
    response.destroy();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.(address?.port);
});
process.on('disconnect', () => process.exit());

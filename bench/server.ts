/**
 * Answers what the programs and rows ask, with as little work as can be. It runs in a process of its own, so that only clients are measured.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

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
    // A token without a life: each call needs another one.
    token: { access_token: 'x'.repeat(1_100), token_type: 'Bearer', expires_in: 0, refresh_token: 'y'.repeat(700), scope: 'openid' },
    // What the peers ask, in their shape.
    'gpt-bench': { id: 'gpt-bench', object: 'model', created: 1, owned_by: 'x'.repeat(900) },
  }).map(([name, answer]) => [name, JSON.stringify(answer)]),
);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  await once(request, 'end');
  const body = answers.get(request.url?.split('/').at(-1) ?? '');
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
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

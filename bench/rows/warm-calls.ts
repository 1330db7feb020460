/**
 * What a call costs once everything is warm, against bare fetch of the same request: with token, deadline, retry loop and validation on
 * our side, and nothing on the other.
 */
import { H2OCloud, type ScoreRequest } from 'h2o-ai-cloud';
import { compare, cpuMicrosPerCall } from '../measure.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 15;
const projectId = 'a3b1c6e0-0000-4000-8000-000000000001';
const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };

export async function warmCalls({ url }: World): Promise<Row[]> {
  const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '0.69' });
  const user = cloud.onBehalfOf({ accessToken: 'token' });
  const scorer = user.scorer(`${url}/model/score`);
  const bare = async (path: string, init: RequestInit): Promise<unknown> => (await fetch(url + path, init)).json();
  const post = (path: string, body: unknown) => (): Promise<unknown> => bare(path, { method: 'POST', headers, body: JSON.stringify(body) });

  const measured = (call: () => Promise<unknown>, count: number, concurrency: number) => (): Promise<number> =>
    cpuMicrosPerCall(call, count, concurrency);
  const against = (ours: () => Promise<unknown>, baseline: () => Promise<unknown>, count: number) =>
    compare(rounds, measured(ours, count, 16), measured(baseline, count, 16));

  const getProject = post('/storage/ai.h2o.storage.ProjectService/GetProject', { projectId });
  const read = await against(() => user.mlops.projects.get(projectId), getProject, 800);
  const schema = await against(
    () => scorer.schema(),
    () => bare('/model/schema', { headers }),
    800,
  );
  const batch = megabyteOfRows();
  const score = await against(() => scorer.score(batch), post('/model/score', batch), 48);
  const unit = 'CPU µs';
  return [
    toRow({ name: 'projects.get, 1 KB answer, 16 at a time', unit, ...read, target: { of: 'ratio', atMost: 2.3 } }),
    toRow({ name: 'scorer.schema, GET, 1 KB answer, 16 at a time', unit, ...schema, target: { of: 'ratio', atMost: 2.3 } }),
    toRow({ name: 'scorer.score, 1 MB of JSON, 16 at a time', unit, ...score, target: { of: 'ratio', atMost: 1.15 } }),
  ];
}

/** 9,500 rows of ten cells are about 1 MB of JSON. */
function megabyteOfRows(): ScoreRequest {
  const fields = Array.from({ length: 10 }, (_, index) => `COLUMN_${index}`);
  return {
    fields,
    rows: Array.from({ length: 9_500 }, (_, row) => fields.map((_, column) => (row * 1_000 + column * 0.5 + 10_000).toFixed(1))),
  };
}

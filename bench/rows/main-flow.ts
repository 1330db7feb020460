/**
 * The main flow on a local cloud of platform 1.0, from a new project to its removal, beside the official Python client of that platform.
 * Deployments are healthy at once, so that the work of the clients and the number of their requests is compared, not their patience.
 */
import { fileURLToPath } from 'node:url';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import { median } from '../measure.js';
import { pythonWith, runWithInput } from '../python.js';
import { toRow, type Row } from '../row.js';

const rounds = 60;
const requirement = 'h2o-mlops==1.4.8';
const mojo = fileURLToPath(new URL('../../test/fixtures/models/credit-glm.zip', import.meta.url));

export async function mainFlow(): Promise<Row[]> {
  const name = `main flow on platform 1.0, beside ${requirement}`;
  const found = await pythonWith(requirement);
  if ('missing' in found) return [toRow({ name, unit: 'ms', note: found.missing })];
  await using local = await startLocalCloud({ platform: '1.0', healthyAfterMs: 0 });
  const flow = async (interpreter: string, program: string): Promise<readonly number[]> => {
    const { refreshToken } = await local.issueTokens('alice');
    const taken = await runWithInput(interpreter, program, { cloudUrl: local.url, refreshToken, mojo, rounds, startedAt: Date.now() });
    return Array.isArray(taken) ? taken.map(Number) : [];
  };
  // The local cloud itself is warm by then.
  await flow(process.execPath, 'main-flow.mjs');
  const ours = await flow(process.execPath, 'main-flow.mjs');
  const theirs = await flow(found.python, 'main-flow.py');
  const pair = (figureOf: (taken: readonly number[]) => number): { ours: number; baseline: number; ratio: number } => ({
    ours: figureOf(ours),
    baseline: figureOf(theirs),
    ratio: figureOf(ours) / figureOf(theirs),
  });
  return [
    toRow({ name, unit: 'ms', ...pair((taken) => median(taken.slice(rounds / 2))), target: { of: 'ratio', atMost: 1 } }),
    toRow({ name: `${name}: the first, from the start of the process`, unit: 'ms', ...pair((taken) => taken[0] ?? NaN) }),
  ];
}

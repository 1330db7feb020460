/**
 * Measures the built package and prints a table; `--json FILE` writes the rows too, and `--only TEXT` runs the groups of that name.
 * A budget that is not kept is information: the run fails only when something breaks.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Row } from './row.js';
import { cachedToken } from './rows/cached-token.js';
import { drive } from './rows/drive.js';
import { firstAnswer } from './rows/first-answer.js';
import { importTime } from './rows/import-time.js';
import { longList } from './rows/long-list.js';
import { mainFlow } from './rows/main-flow.js';
import { scoreAnswer } from './rows/score-answer.js';
import { scoreRows } from './rows/score-rows.js';
import { scoreStreams } from './rows/score-streams.js';
import { sizes } from './rows/sizes.js';
import { tokenRequests } from './rows/token-requests.js';
import { transfers } from './rows/transfers.js';
import { upload } from './rows/upload.js';
import { warmCalls } from './rows/warm-calls.js';
import { toTable } from './table.js';
import { startWorld, type World } from './world.js';

const groups: Readonly<Record<string, (world: World) => Promise<Row[]>>> = {
  'first-answer': firstAnswer,
  'import-time': importTime,
  'warm-calls': warmCalls,
  upload,
  transfers,
  'long-list': longList,
  'main-flow': mainFlow,
  drive,
  'score-answer': scoreAnswer,
  'score-rows': scoreRows,
  'score-streams': scoreStreams,
  'cached-token': cachedToken,
  'token-requests': tokenRequests,
  sizes,
};

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string', default: '' } } });
  const rows: Row[] = [];
  await using world = await startWorld();
  for (const [name, group] of Object.entries(groups)) {
    if (!name.includes(values.only)) continue;
    process.stderr.write(`${name} …\n`);
    rows.push(...(await group(world)));
  }
  console.log(toTable(rows));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

await run();

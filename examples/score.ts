/**
 * Scores rows with a deployment that is found by the names of its project and itself. Rows are JSON Lines, one object for each row, from
 * a file or from standard input; predictions go to standard output in the same order, also as JSON Lines.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/score.ts --project demo --name credit < rows.jsonl
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { H2OCloud, type Cell, type Deployment, type List, type Row, type ScoredRow, type User } from 'h2o-ai-cloud';

/** Held in memory at a time, so that a file may be larger than the memory. */
const rowsAtOnce = 500;

/** The one deployment of a name. Names need not be unique, and scoring with the wrong model is worse than an error. */
export async function findDeployment(user: User, names: { readonly project: string; readonly name: string }): Promise<Deployment> {
  const project = await onlyOne(user.mlops.projects.list({ name: names.project }), `project "${names.project}"`);
  return onlyOne(user.mlops.deployments.list({ project, name: names.name }), `deployment "${names.name}" in project "${names.project}"`);
}

async function onlyOne<Item>(list: List<Item>, what: string): Promise<Item> {
  const [item, another] = await list.toArray({ limit: 2 });
  if (item === undefined) throw new Error(`There is no ${what}.`);
  if (another !== undefined) throw new Error(`There is more than one ${what}: use an id.`);
  return item;
}

/** Predictions for lines of JSON, in order. Each batch is checked against the model's schema before it is sent. */
export async function* scoreLines(user: User, deployment: Deployment, lines: AsyncIterable<string>): AsyncGenerator<ScoredRow> {
  // One scorer for all batches: it remembers where the deployment is and what its columns are.
  const scorer = user.scorer(deployment);
  let batch: Row[] = [];
  let lineNumber = 0;
  for await (const line of lines) {
    lineNumber += 1;
    if (line.trim() === '') continue;
    batch.push(rowFrom(line, lineNumber));
    if (batch.length < rowsAtOnce) continue;
    yield* await scorer.scoreRows(batch);
    batch = [];
  }
  if (batch.length > 0) yield* await scorer.scoreRows(batch);
}

function rowFrom(line: string, lineNumber: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The parser's own message quotes the line, and rows may be personal data.
    throw new Error(`Line ${lineNumber} is not JSON.`);
  }
  if (isRow(value)) return value;
  throw new Error(`Line ${lineNumber} is not an object of texts, numbers, booleans and nulls.`);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isCell);
}

function isCell(value: unknown): value is Cell {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { project: { type: 'string' }, name: { type: 'string' } },
    allowPositionals: true,
  });
  const { project, name } = values;
  const [file] = positionals;
  if (project === undefined || name === undefined) throw new Error('Usage: score --project NAME --name NAME [FILE]');
  const user = new H2OCloud().asCurrentUser();
  const deployment = await findDeployment(user, { project, name });
  const lines = createInterface({ input: file === undefined ? process.stdin : createReadStream(file) });
  for await (const prediction of scoreLines(user, deployment, lines)) console.log(JSON.stringify(prediction));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

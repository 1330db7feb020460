/**
 * Scores rows with a deployment that is found by the names of its project and itself. Rows are JSON Lines, one object for each row, from
 * a file or from standard input; predictions go to standard output in the same order, also as JSON Lines.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/score.ts --project demo --name credit < rows.jsonl
 */
import { createReadStream } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { H2OCloud, type Deployment, type List, type ScoredRow, type ScoreStream, type User } from 'h2o-ai-cloud';

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

/**
 * Predictions for lines of JSON, in order: read, scored and given as fast as they are taken, so that a file may be larger than the memory.
 * A row that does not fit the model ends it, after the predictions for all rows before it; `onRowError: 'skip'` would leave it out.
 */
export function scoreLines(user: User, deployment: Deployment, lines: AsyncIterable<string | Uint8Array>): ScoreStream<ScoredRow> {
  return user.scorer(deployment).scoreStream({ jsonLines: lines });
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
  const lines: AsyncIterable<Uint8Array> = file === undefined ? process.stdin : createReadStream(file);
  for await (const prediction of scoreLines(user, deployment, lines)) console.log(JSON.stringify(prediction));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

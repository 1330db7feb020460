/**
 * Two apps that share a data set through their user's Drive: one imports it, the other processes it. Neither needs a connector or a
 * credential for the other; they have the user, and a folder by convention. Another user sees nothing of it.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/share-data.ts data.csv
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { H2OCloud, type DriveFolder, type User } from 'h2o-ai-cloud';

/** Where both apps look; below `home/`, so that people find it too. */
function dataSets(user: User): DriveFolder {
  return user.drive.home().folder('data-sets');
}

/** The first app: takes a file in. The data set is there when all of it is. */
export async function importDataSet(user: User, params: { readonly name: string; readonly file: string }): Promise<void> {
  await dataSets(user).put(
    { key: `${params.name}.csv`, body: params.file },
    { onProgress: ({ transferredBytes }) => process.stderr.write(`imported ${transferredBytes} bytes\n`) },
  );
}

/** The second app: reads it line by line, whatever its size, and leaves beside it what it found. */
export async function countRows(user: User, name: string): Promise<number> {
  const content = await dataSets(user).get(`${name}.csv`);
  let rows = -1;
  for await (const line of createInterface(Readable.from(content))) if (line.trim() !== '') rows += 1;
  await dataSets(user).put({ key: `${name}.summary.json`, body: Buffer.from(JSON.stringify({ rows, of: content.object.etag })) });
  return rows;
}

/** A link to what the second app left, for whoever should read it without an account. */
export async function linkToSummary(user: User, name: string): Promise<string> {
  return (await dataSets(user).presign(`${name}.summary.json`, { expiresInSeconds: 600 })).url;
}

async function main(): Promise<void> {
  const file = process.argv[2];
  if (file === undefined) throw new Error('Give the path of a CSV file.');
  const user = new H2OCloud().asCurrentUser();
  await importDataSet(user, { name: 'shared', file });
  console.log(`${await countRows(user, 'shared')} rows; read more at ${await linkToSummary(user, 'shared')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

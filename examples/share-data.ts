/**
 * Two apps that share a data set through their user's storage: one imports it, the other processes it. Neither needs a connector or a
 * credential for the other; they have the user, and a place by convention. It can be a folder of Drive or a project of MLOps; another
 * user sees nothing of either.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/share-data.ts data.csv [drive | mlops]
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { H2OCloud, type DriveFolder, type User } from 'h2o-ai-cloud';

/** Where both apps look. */
export interface Place {
  /** What is put is there when all of it is. */
  put(name: string, body: string | Uint8Array): Promise<void>;
  /** Gives the bytes as they come, whatever the size. */
  read(name: string): Promise<AsyncIterable<Uint8Array>>;
}

/** Below `home/`, so that people find it too. */
function dataSets(user: User): DriveFolder {
  return user.drive.home().folder('data-sets');
}

export function onDrive(user: User): Place {
  return {
    put: async (name, body) => {
      await dataSets(user).put({ key: name, body });
    },
    read: (name) => dataSets(user).get(name),
  };
}

/** In a project: whoever it is shared with reads the data too, and a model that is trained on them can live beside them. */
export function inProject(user: User, projectName: string): Place {
  const { projects, artifacts } = user.mlops;
  return {
    put: async (name, body) => {
      const project = (await projects.list({ name: projectName }).first()) ?? (await projects.create({ name: projectName }));
      await artifacts.upload({ project, name, body });
    },
    read: async (name) => {
      const project = await projects.list({ name: projectName }).first();
      // Artifacts of one name stay beside each other: the newest counts.
      const artifact = project && (await artifacts.list({ project, name, order: 'newestFirst' }).first());
      if (artifact === undefined) throw new Error(`There is no "${name}" in a project "${projectName}" that this user may see.`);
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      void artifacts.download(artifact, writable).then(
        () => writable.close(),
        (reason: unknown) => writable.abort(reason),
      );
      return readable;
    },
  };
}

/** The first app: takes a file in. */
export async function importDataSet(place: Place, params: { readonly name: string; readonly file: string }): Promise<void> {
  await place.put(`${params.name}.csv`, params.file);
}

/** The second app: reads it line by line, and leaves beside it what it found. */
export async function countRows(place: Place, name: string): Promise<number> {
  let rows = -1;
  const content = await place.read(`${name}.csv`);
  for await (const line of createInterface(Readable.from(content))) if (line.trim() !== '') rows += 1;
  await place.put(`${name}.summary.json`, Buffer.from(JSON.stringify({ rows })));
  return rows;
}

/** A link to what the second app left on Drive, for whoever should read it without an account. */
export async function linkToSummary(user: User, name: string): Promise<string> {
  return (await dataSets(user).presign(`${name}.summary.json`, { expiresInSeconds: 600 })).url;
}

async function main(): Promise<void> {
  const [, , file, way = 'drive'] = process.argv;
  if (file === undefined) throw new Error('Give the path of a CSV file.');
  const user = new H2OCloud().asCurrentUser();
  const place = way === 'mlops' ? inProject(user, 'data-sets') : onDrive(user);
  await importDataSet(place, { name: 'shared', file });
  console.log(`${await countRows(place, 'shared')} rows`);
  if (way !== 'mlops') console.log(`read more at ${await linkToSummary(user, 'shared')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

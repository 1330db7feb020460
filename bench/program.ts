/**
 * Runs the programs of `programs/`, each in a Node process of its own, and reads the one line of JSON that they print.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const directory = fileURLToPath(new URL('programs/', import.meta.url));

// Reading more certificates at the start would drown what the programs themselves cost.
const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined };

/** @throws {Error} the program failed; its error output is in the message */
export async function runProgram(name: string, ...args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${directory}${name}.mjs`, ...args], { env, timeout: 120_000 });
  const figures: unknown = JSON.parse(stdout);
  if (!isFigures(figures)) throw new Error(`${name}.mjs printed no figures.`);
  return figures;
}

function isFigures(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((figure) => typeof figure === 'number');
}

/**
 * Runs the programs of `programs/`, each in a process of its own, and reads the line of JSON that they print last.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const directory = fileURLToPath(new URL('programs/', import.meta.url));

// Reading more certificates at the start would drown what the programs themselves cost.
const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined };

/** @throws {Error} the program failed; its error output is in the message */
export function runProgram(name: string, ...args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return figuresOf(process.execPath, `${directory}${name}.mjs`, args);
}

/**
 * @param python an interpreter that has what the program imports
 * @throws {Error} the program failed; its error output is in the message
 */
export function runPython(python: string, name: string, ...args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return figuresOf(python, `${directory}${name}.py`, args);
}

async function figuresOf(interpreter: string, program: string, args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await promisify(execFile)(interpreter, [program, ...args], { env, timeout: 300_000 });
  const figures: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (!isFigures(figures)) throw new Error(`${program} printed no figures.`);
  return figures;
}

function isFigures(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((figure) => typeof figure === 'number');
}

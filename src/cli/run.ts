/**
 * Finds the command that the arguments ask for and runs it. Each command is loaded when it is asked for, and not before.
 */
import { version } from '../internal/version.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

/** A command: its arguments to the status that the process ends with. */
type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

const commands: ReadonlyMap<string, Entry> = new Map([
  [
    'local',
    {
      summary: 'run an H2O AI Cloud on this machine, to try things out and to test against',
      load: async () => (await import('./local.js')).local,
    },
  ],
]);

const help = `h2o-ai-cloud ${version}

Usage: h2o-ai-cloud <command> [options]

Commands:
${[...commands].map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`).join('\n')}

"h2o-ai-cloud <command> --help" tells the options of a command. "h2o-ai-cloud --version" tells the version.`;

/**
 * Runs the program.
 *
 * @returns the status to end with: 0 when all went well, 1 when it failed, 2 when the arguments make no sense
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') return printing(version, terminal);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return printing(help, terminal);
  try {
    const command = commands.get(name);
    if (command === undefined) throw new UsageError(`There is no command "${name}". Run "h2o-ai-cloud --help" for the commands there are.`);
    return await (
      await command.load()
    )(rest, terminal);
  } catch (error) {
    terminal.complain(`h2o-ai-cloud: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function printing(text: string, terminal: Terminal): number {
  terminal.print(text);
  return 0;
}

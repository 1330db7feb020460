/**
 * What an import costs over an empty Node process.
 */
import { compare } from '../measure.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';

const rounds = 11;

export async function importTime(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const specifier of ['h2o-ai-cloud', 'h2o-ai-cloud/wave']) {
    const { ours, baseline } = await compare(
      rounds,
      async () => (await runProgram('import', specifier))['cpuMs']!,
      async () => (await runProgram('empty'))['cpuMs']!,
    );
    const over = { ours: ours - baseline, baseline, ratio: ours / baseline };
    rows.push(toRow({ name: `import '${specifier}' over an empty process`, unit: 'CPU ms', ...over, target: { of: 'ours', atMost: 35 } }));
  }
  return rows;
}

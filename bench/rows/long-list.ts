/**
 * A list of 10,000 deployments, read to its end, against fetch and JSON.parse of the same pages.
 */
import { compare } from '../measure.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

export async function longList({ url }: World): Promise<Row[]> {
  const timeOf = (who: string) => async (): Promise<number> => (await runProgram('list', who, url))['milliseconds']!;
  const time = await compare(3, timeOf('h2o'), timeOf('fetch'));
  return [toRow({ name: 'deployments.list, 10,000 of them', unit: 'ms', ...time })];
}

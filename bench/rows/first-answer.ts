/**
 * From the start of a process to its first answer: what a user of a command-line tool or a cold function waits for.
 */
import { compare } from '../measure.js';
import { installPeer, type PeerName } from '../peers.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 11;
const peers: readonly PeerName[] = ['google-auth-library', 'openai'];

export async function firstAnswer({ url }: World): Promise<Row[]> {
  const cpuOf =
    (who: string, entry = '') =>
    async (): Promise<number> =>
      (await runProgram('first-answer', who, url, entry))['cpuMs']!;
  const name = 'first validated answer';
  const unit = 'CPU ms';
  const rows = [toRow({ name, unit, ...(await compare(rounds, cpuOf('h2o'), cpuOf('fetch'))), target: { of: 'ratio', atMost: 1.45 } })];
  for (const peer of peers) {
    const installed = await installPeer(peer);
    const figures =
      'missing' in installed ? { note: installed.missing } : await compare(rounds, cpuOf(peer, installed.entry), cpuOf('fetch'));
    rows.push(toRow({ name: `  ${peer}`, unit, ...figures }));
  }
  return rows;
}

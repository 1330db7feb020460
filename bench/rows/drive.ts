/**
 * Drive beside the SDK of AWS: 256 MiB up and down in flat memory, and 10,000 presigned URLs.
 */
import { compare } from '../measure.js';
import { installPeer } from '../peers.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 3;
const sizeMiB = '256';
const urls = '10000';

export async function drive({ url }: World): Promise<Row[]> {
  const peer = await installPeer('@aws-sdk/client-s3');
  if ('missing' in peer) return [toRow({ name: 'drive beside @aws-sdk/client-s3', unit: '', note: peer.missing })];
  let grownMiB = 0;
  const run = (who: string, job: string, amount: string, figure: string) => async (): Promise<number> => {
    const figures = await runProgram('drive', who, url, job, amount, peer.entry);
    if (who === 'h2o' && job !== 'presign') grownMiB = Math.max(grownMiB, figures['grownMiB']!);
    return figures[figure]!;
  };
  const rows: Row[] = [];
  for (const job of ['upload', 'download']) {
    grownMiB = 0;
    const speed = await compare(rounds, run('h2o', job, sizeMiB, 'megabytesPerSecond'), run('aws', job, sizeMiB, 'megabytesPerSecond'));
    const name = `drive ${job} of ${sizeMiB} MiB`;
    rows.push(toRow({ name: `${name}, beside client-s3`, unit: 'MB/s', ...speed, target: { of: 'ratio', atLeast: 1 } }));
    rows.push(toRow({ name: `${name}: more memory in buffers`, unit: 'MiB', ours: grownMiB, target: { of: 'ours', atMost: 64 } }));
  }
  const presigned = await compare(rounds, run('h2o', 'presign', urls, 'seconds'), run('aws', 'presign', urls, 'seconds'));
  rows.push(
    toRow({ name: `drive: ${urls} presigned URLs, beside client-s3`, unit: 's', ...presigned, target: { of: 'ratio', atMost: 0.2 } }),
  );
  return rows;
}

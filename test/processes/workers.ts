/** Starts processes of an app and tells them what to do. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Order, Report, WorkerJob } from './worker.js';

export interface Worker extends Disposable {
  /** What came of an order; undefined when the process died over it. */
  readonly order: (order: Order) => Promise<Report | undefined>;
  /** Resolves when the process stands still. */
  readonly stopped: () => Promise<void>;
  readonly resume: () => void;
}

/** A process that is ready for orders. */
export async function startWorker(job: WorkerJob): Promise<Worker> {
  const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path('worker.ts'), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: path('../../tsconfig.json'), WORKER_JOB: JSON.stringify(job) },
  });
  const said = await answerOf(child);
  if (said !== 'ready') throw new Error('A process of the test did not start.');
  return {
    async order(order) {
      const answer = answerOf(child);
      child.send(order);
      return (await answer) as Report | undefined;
    },
    async stopped() {
      while (stateOf(child) !== 'T') await new Promise((resolve) => setTimeout(resolve, 10));
    },
    resume() {
      child.kill('SIGCONT');
    },
    [Symbol.dispose]() {
      child.kill('SIGKILL');
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const exited = once(child, 'exit', { signal }).then(() => undefined);
  const answered = once(child, 'message', { signal }).then(([message]: unknown[]) => message);
  for (const waiting of [exited, answered]) waiting.catch(() => undefined);
  try {
    return await Promise.race([answered, exited]);
  } finally {
    over.abort();
  }
}

/** The state of a process as Linux tells it: T is one that stands still. */
function stateOf({ pid }: ChildProcess): string | undefined {
  return /\) (\w)/.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))?.[1];
}

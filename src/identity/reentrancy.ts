/**
 * Finds a credential that waits for itself: code of the user's that runs inside a refresh and asks for the very token
 * that this refresh is to bring.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { AuthenticationError } from '../errors/authentication-error.js';

interface RunningHook {
  readonly owner: object;
  readonly outer: RunningHook | undefined;
  /** Work that a hook leaves behind may ask for tokens again once the hook is over. */
  isOver: boolean;
}

const runningHook = new AsyncLocalStorage<RunningHook>();
let hooksRunning = 0;

/** Runs the user's code as a part of a refresh of `owner`. */
export async function runHook<Value>(owner: object, hook: () => Value | Promise<Value>): Promise<Value> {
  const running: RunningHook = { owner, outer: runningHook.getStore(), isOver: false };
  hooksRunning++;
  try {
    return await runningHook.run(running, async () => await hook());
  } finally {
    running.isOver = true;
    // On Node 20 every promise of the process is slower while a storage is in use.
    if (--hooksRunning === 0) runningHook.disable();
  }
}

/** @throws {AuthenticationError} to wait for `owner` here would never end */
export function refuseReentrancy(owner: object): void {
  for (let step = runningHook.getStore(); step !== undefined; step = step.outer) {
    if (step.owner !== owner || step.isOver) continue;
    throw new AuthenticationError({
      code: 'REENTRANT_CREDENTIAL',
      what: 'A token was asked for by code that runs while this token is being renewed, which would wait for itself.',
      fix: 'Do not call the SDK as the same user inside `onRotate` or inside the function that supplies the token.',
    });
  }
}

/**
 * The copy of the environment variables.
 */
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { EnvSnapshot } from '../../../src/environment/env-snapshot.js';
import { errorOf } from './world.js';

describe('the snapshot of the variables', () => {
  it('trims, and takes an empty variable for unset', () => {
    const snapshot = new EnvSnapshot({ A: '  x\n', EMPTY: '', BLANK: ' \t', MISSING: undefined });
    expect(['A', 'EMPTY', 'BLANK', 'MISSING', 'OTHER'].map((name) => snapshot.get(name))).toEqual([
      'x',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('does not change with the variables', () => {
    const env = { A: 'before' };
    const snapshot = new EnvSnapshot(env);
    env.A = 'after';
    expect(snapshot.get('A')).toBe('before');
  });

  it('is made of process.env where no variables are given, at construction', () => {
    vi.stubEnv('H2O_TEST_VARIABLE', 'set');
    expect(new EnvSnapshot().get('H2O_TEST_VARIABLE')).toBe('set');
  });

  it('finds nothing on the prototype', () => {
    expect(new EnvSnapshot({}).get('constructor')).toBeUndefined();
    expect(new EnvSnapshot({}).get('__proto__')).toBeUndefined();
  });

  it('refuses a value that is not a string by the name of its variable', async () => {
    const error = await errorOf(() => new EnvSnapshot({ MLOPS_URL: 7 }));
    expect(error.message).toContain('env.MLOPS_URL is not a string');
  });

  it('prints nothing of its content', () => {
    expect(inspect(new EnvSnapshot({ TOKEN: 'planted-secret' }), { depth: 20, showHidden: true })).not.toContain('planted-secret');
  });
});

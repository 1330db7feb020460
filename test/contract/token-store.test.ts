import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileTokenStore, H2OCloud } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';

/** Two parts of a JWT: three letters alone stand in encrypted text by chance. */
const aToken = /eyJ[\w-]*\.eyJ/;

it('an app with a store of its own keeps there what its users were rotated to, under its key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'token-store-'));
  await using local = await startLocalCloud({ rotateRefreshTokens: true });
  const { refreshToken } = local.users[0]!;
  const tokenStore = fileTokenStore({ directory, encryptionKey: 'a secret that all processes of the app share' });
  const told: string[] = [];
  const cloud = new H2OCloud({ env: local.env, tokenStore });
  const user = cloud.onBehalfOf({ refreshToken, onRotate: (rotated) => void told.push(rotated) });
  expect(await user.mlops.projects.list().toArray()).toEqual([]);
  await expect(cloud.asCurrentUser().accessToken()).resolves.toBeDefined();

  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // The two sessions, of two clients, and the newer token by which the first can be found too.
  expect(files).toHaveLength(3);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    expect(text).not.toMatch(aToken);
    for (const secret of [refreshToken, ...told]) expect(text).not.toContain(secret);
  }
  await rm(directory, { recursive: true });
});

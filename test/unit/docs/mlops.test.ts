import { expect, it } from 'vitest';
import { readPage, withSupportTable } from '../../../scripts/support-table.js';

it("docs/mlops.md says of each platform what the platform's own table says (npm run docs:support)", async () => {
  const page = await readPage();
  expect(page).toBe(withSupportTable(page));
});

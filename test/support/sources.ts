/**
 * Where tests find the package by its own name: in its sources, so that nothing has to be built before.
 */
import { fileURLToPath } from 'node:url';

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

export const packageInSources: { readonly alias: { find: RegExp; replacement: string }[] } = {
  alias: [
    { find: /^h2o-ai-cloud$/, replacement: source('index.ts') },
    { find: /^h2o-ai-cloud\/wave$/, replacement: source('wave/index.ts') },
    { find: /^h2o-ai-cloud\/testing$/, replacement: source('testing/index.ts') },
    { find: /^h2o-ai-cloud\/testing\/msw$/, replacement: source('testing/msw.ts') },
  ],
};

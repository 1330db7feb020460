import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'wave/index': 'src/wave/index.ts',
    'testing/index': 'src/testing/index.ts',
    'testing/msw': 'src/testing/msw.ts',
    'cli/main': 'src/cli/main.ts',
  },
  format: ['esm'],
  target: 'node20.19',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  // Shared chunks keep one copy of every module in a process, so one token manager, whatever the subpath.
  splitting: true,
  sourcemap: true,
  clean: true,
  dts: { entry: ['src/index.ts', 'src/wave/index.ts', 'src/testing/index.ts', 'src/testing/msw.ts'] },
  metafile: true,
  noExternal: ['ky', 'zod', 'smol-toml', 'csv-parse', 'hono', 'jose', 'fflate', 'bcryptjs'],
  esbuildOptions(options) {
    options.sourcesContent = false;
    // Half the size to parse; names stay, for stack traces.
    options.minifyWhitespace = true;
    options.minifySyntax = true;
  },
});

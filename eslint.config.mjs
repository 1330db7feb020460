import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Who may import whom: each folder of src knows only the folders listed for it. The README of the architecture, kept true by the linter. */
const layers = {
  internal: [],
  errors: ['internal'],
  environment: ['internal', 'errors'],
  http: ['internal', 'errors'],
  identity: ['internal', 'errors', 'environment', 'http'],
  scoring: ['internal', 'errors', 'environment', 'http', 'identity/jwt-claims'],
  mlops: ['internal', 'errors', 'environment', 'http', 'scoring'],
  drive: ['internal', 'errors', 'environment', 'http', 'identity/freshness'],
  'running-engine': ['internal', 'errors', 'http'],
  // The rule where a user's token may go is that of scorers.
  engines: ['internal', 'errors', 'environment', 'http', 'running-engine', 'scoring/trusted-origin'],
  steam: ['internal', 'errors', 'environment', 'http', 'running-engine', 'identity/fingerprint'],
  access: ['internal', 'errors', 'environment', 'identity'],
  wave: ['internal', 'errors', 'identity'],
  local: ['internal/clock'],
  testing: ['internal', 'local'],
  cli: ['internal', 'errors', 'environment', 'identity', 'local', 'index', 'cloud'],
};
const folders = Object.keys(layers);

/** One package, one door: the only place that may import it. */
const doors = {
  ky: ['src/http/**'],
  'openid-client': ['src/identity/oidc.ts'],
  hono: ['src/local/**', 'src/testing/**'],
  jose: ['src/local/**'],
  fflate: ['src/local/**'],
  bcryptjs: ['src/local/**'],
  msw: ['src/testing/msw.ts'],
  'smol-toml': ['src/environment/**'],
  'csv-parse': ['src/scoring/**'],
};

const closedPackages = (open) =>
  Object.keys(doors)
    .filter((name) => !open.includes(name))
    .map((name) => ({ regex: `^${name}(/|$)`, message: `Only ${doors[name].join(', ')} may import ${name}.` }));

const importRule = (allowed, open) => [
  'error',
  {
    patterns: [
      ...folders
        .filter((folder) => !allowed.includes(folder))
        .map((folder) => {
          const exceptions = allowed.filter((entry) => entry.startsWith(`${folder}/`)).map((entry) => entry.slice(folder.length + 1));
          const except = exceptions.length === 0 ? '' : `(?!${exceptions.map((file) => `${file}\\.js$`).join('|')})`;
          return {
            regex: `^(\\.\\./)+${folder}/${except}`,
            message: `This folder may not import ${folder}/: see the table in eslint.config.mjs.`,
          };
        }),
      ...closedPackages(open),
    ],
  },
];

const layerRules = folders.map((folder) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': importRule(
      [folder, ...layers[folder]],
      Object.keys(doors).filter((name) => doors[name].includes(`src/${folder}/**`)),
    ),
  },
}));

export default tseslint.config(
  { ignores: ['.cache', 'scripts/*.d.ts', 'dist', 'coverage', 'node_modules', 'test/fixtures', 'docs/api'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // An abort rejects with the caller's own reason, whatever it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      'no-restricted-imports': importRule(folders, []),
      'no-restricted-syntax': [
        'error',
        { selector: 'AwaitExpression:not(:function *)', message: 'Top-level await breaks require(esm).' },
        { selector: 'ForOfStatement[await=true]:not(:function *)', message: 'Top-level await breaks require(esm).' },
        { selector: 'TSAsExpression > TSAnyKeyword', message: 'No any.' },
        { selector: 'TSAsExpression > TSAsExpression', message: 'No double casts.' },
      ],
    },
  },
  ...layerRules,
  { files: ['src/identity/oidc.ts'], rules: { 'no-restricted-imports': importRule(['identity', ...layers.identity], ['openid-client']) } },
  { files: ['src/testing/msw.ts'], rules: { 'no-restricted-imports': importRule(['testing', ...layers.testing], ['msw', 'hono']) } },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [] }],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly', Buffer: 'readonly', fetch: 'readonly', setTimeout: 'readonly' },
    },
  },
);

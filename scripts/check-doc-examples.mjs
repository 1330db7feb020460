/**
 * Type-checks the examples of the documentation: every `@example` of a docstring in src/, every ```ts block of README.md and docs/.
 * Each becomes a module in memory, its statements inside an async function; `doc-example-preamble.mjs` declares what they take for
 * granted, and a docstring's example may use what its own file exports. All are checked against src/ in one run of the compiler.
 *
 *     node scripts/check-doc-examples.mjs
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { preamble } from './doc-example-preamble.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const preambleFile = join(root, 'doc-example-preamble.d.ts');

/** @typedef {{ file: string, line: number, code: string[] }} Example `line` is that of the first line of `code`, from 1. */

const filesUnder = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => join(folder, name))
    : [];

/** @returns {Example[]} */
function examplesInDocstrings(file) {
  const text = readFileSync(file, 'utf8');
  const examples = [];
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const firstLine = text.slice(0, comment.index).split('\n').length;
    let example;
    for (const [index, raw] of comment[0].split('\n').entries()) {
      const line = raw.replace(/^\s*\/?\*+\/? ?/, '').replace(/\s*\*\/$/, '');
      const tag = /^@(\w+)\s*(.*)$/.exec(line);
      if (tag === null) example?.code.push(line);
      else if (tag[1] === 'example') examples.push((example = { file, line: firstLine + index, code: [tag[2] ?? ''] }));
      else example = undefined;
    }
  }
  return examples;
}

/** @returns {Example[]} */
function examplesInMarkdown(file) {
  const examples = [];
  let example;
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (example !== undefined && /^\s*```\s*$/.test(line)) example = undefined;
    else if (example !== undefined) example.code.push(line);
    else if (/^\s*```ts\s*$/.test(line)) examples.push((example = { file, line: index + 2, code: [] }));
  }
  return examples;
}

const isImport = (statement) => ts.isImportDeclaration(statement);

/**
 * The example as a module, line for line: imports stay in front, the rest goes into a function. Something that exports is a module already.
 */
function moduleOf({ file, code }) {
  const source = ts.createSourceFile('example.ts', code.join('\n'), ts.ScriptTarget.Latest);
  const exports = source.statements.some((statement) => /^export\s/.test(statement.getText(source)));
  const lastImport = source.statements.findLast(isImport);
  const split = lastImport === undefined ? 0 : source.getLineAndCharacterOfPosition(lastImport.getEnd()).line + 1;
  const body = exports ? code : [...code.slice(0, split), 'export async function example(): Promise<void> {', ...code.slice(split), '}'];
  return { text: [ownImports(file, source), ...body].join('\n'), toExampleLine: (line) => line - (!exports && line > split ? 2 : 1) };
}

/** An import of what the docstring's own file exports and the example mentions. */
function ownImports(file, example) {
  if (!file.endsWith('.ts')) return '';
  const exported = [...readFileSync(file, 'utf8').matchAll(/^export (?:async |abstract )*(?:function\*?|const|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  const mentioned = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(example);
  const names = exported.filter((name) => mentioned.has(name));
  const path = relative(root, file).replaceAll('\\', '/').replace(/\.ts$/, '.js');
  return names.length === 0 ? '' : `import { ${names.join(', ')} } from './${path}';`;
}

function compilerOptions() {
  const read = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...read.config, include: [], files: [] }, ts.sys, root);
  // An example shows how a thing is got, not what is then done with it. The preamble, a declaration file, must be checked too.
  return { ...options, noUnusedLocals: false, noUnusedParameters: false, declaration: false, skipLibCheck: false };
}

/** Adds files that are nowhere on disk. They stand in the root folder, so that everything resolves as it does for the package. */
function hostWith(options, virtualFiles) {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => virtualFiles.has(name) || fileExists(name);
  host.readFile = (name) => virtualFiles.get(name) ?? readFile(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = virtualFiles.get(name);
    return text === undefined ? getSourceFile(name, languageVersion, ...rest) : ts.createSourceFile(name, text, languageVersion);
  };
  return host;
}

/** @returns {string[]} `file:line message`, one for each fault */
function check(examples) {
  const modules = new Map(examples.map((example, index) => [join(root, `doc-example-${index}.ts`), { example, ...moduleOf(example) }]));
  const options = compilerOptions();
  const host = hostWith(options, new Map([[preambleFile, preamble], ...[...modules].map(([name, { text }]) => [name, text])]));
  const program = ts.createProgram({ rootNames: [preambleFile, ...modules.keys()], options, host });
  const faults = [];
  const collect = (source, place) => {
    for (const diagnostic of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      const line = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line;
      faults.push(`${place(line)} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n  ')}`);
    }
  };
  collect(program.getSourceFile(preambleFile), (line) => `scripts/doc-example-preamble.mjs (line ${line + 1} of the text)`);
  for (const [name, { example, toExampleLine }] of modules) {
    collect(program.getSourceFile(name), (line) => `${relative(root, example.file)}:${example.line + Math.max(toExampleLine(line), 0)}`);
  }
  return faults;
}

const examples = [
  ...filesUnder(join(root, 'src'), '.ts').flatMap(examplesInDocstrings),
  ...[join(root, 'README.md'), ...filesUnder(join(root, 'docs'), '.md')].filter(existsSync).flatMap(examplesInMarkdown),
];
const faults = check(examples);
for (const fault of faults) console.error(fault);
console.log(`${examples.length} examples checked, ${faults.length} faults.`);
if (examples.length === 0 || faults.length > 0) process.exitCode = 1;

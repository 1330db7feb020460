/**
 * Reads the model files that H2O-3 exports (MOJO) and evaluates them, as H2O's own library does. Knows files and rows, no HTTP.
 */
import { openArchive } from './archive.js';
import type { Archive } from './archive.js';
import { rowEncoder } from './cells.js';
import type { Evaluation } from './evaluation.js';
import { evaluateGbm } from './gbm.js';
import { evaluateGlm } from './glm.js';
import { readModelFile } from './model-file.js';
import type { ModelFile, MojoColumn } from './model-file.js';
import { MojoError } from './mojo-error.js';

/** A model that can be asked. */
export interface Mojo {
  /** H2O's short name of the algorithm, for instance `glm`. */
  readonly algorithm: string;
  /** What it predicts: `Binomial`, `Multinomial` or `Regression`. */
  readonly category: string;
  /** The column it predicts; absent for an unsupervised model. */
  readonly target: string | undefined;
  /** The input columns in the model's order. */
  readonly columns: readonly MojoColumn[];
  /** The outputs as a scorer names them: `<target>.<level>` for classes, `<target>` for a number. */
  readonly outputs: readonly string[];
  readonly h2oVersion: string;
  readonly uuid: string;
  /**
   * One number for each of {@link outputs}.
   *
   * @param cells text in the order of {@link columns}; `undefined` and `''` are missing values
   * @throws {RowError} a cell of a numeric column is not a number
   */
  score(cells: readonly (string | undefined)[]): readonly number[];
  /**
   * How much each column had to do with the prediction (Shapley values, before the link): one number for each of {@link columns}, and last the
   * bias. Absent where H2O-3 has none: for GLM, for models of more than two classes, and for the oldest files.
   *
   * @throws {RowError} a cell of a numeric column is not a number
   */
  readonly contributions?: ((cells: readonly (string | undefined)[]) => readonly number[]) | undefined;
}

/** The algorithms by the name that model.ini gives them. */
const algorithms: Readonly<Record<string, (model: ModelFile, archive: Archive) => Evaluation>> = {
  gbm: evaluateGbm,
  glm: (model) => ({ evaluate: evaluateGlm(model) }),
};

/**
 * Reads a MOJO.
 *
 * @param zip the file as H2O-3 exported it
 * @throws {MojoError} it is no zip, no MOJO, or of an algorithm that is not evaluated here; the message says which
 * @example
 * const mojo = readMojo(await readFile('credit-glm.zip'));
 * const [no, yes] = mojo.score(mojo.columns.map(({ name }) => row[name]));
 */
export function readMojo(zip: Uint8Array): Mojo {
  const archive = openArchive(zip);
  const model = readModelFile(archive);
  const algorithm = model.info.required('algo');
  const evaluatorFor = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined;
  if (evaluatorFor === undefined) {
    throw new MojoError(`this local cloud evaluates H2O-3 MOJOs of: ${Object.keys(algorithms).join(', ')}; this one is ${algorithm}`);
  }
  const { evaluate, explain } = evaluatorFor(model, archive);
  const encode = rowEncoder(model.columns);
  const category = model.info.required('category');
  return {
    algorithm,
    category,
    target: model.target?.name,
    columns: model.columns,
    outputs: outputNames(model, category),
    h2oVersion: model.info.text('h2o_version') ?? 'unknown',
    uuid: model.info.required('uuid'),
    score: (cells) => evaluate(encode(cells)),
    contributions: explain === undefined ? undefined : (cells) => explain(encode(cells)),
  };
}

/** The outputs of a supervised model as a scorer names them. */
export function outputNames({ target }: ModelFile, category: string): readonly string[] {
  if (target === undefined) throw new MojoError('the model has no target column');
  if (category === 'Regression') return [target.name];
  // A two-class model of a numeric target lists no levels.
  const levels = target.type === 'categorical' ? target.levels : ['0', '1'];
  return levels.map((level) => `${target.name}.${level}`);
}

/**
 * What the scorers of a local cloud have in common, whichever published contract they follow: what they serve, and how a contract plugs in.
 */
import type { Mojo } from '../mojo/mojo.js';

/** Whose scorer it behaves like: H2O's Java server, or the Python runtimes on either generation of their framework. */
export type ScorerContract = 'java' | 'python-pydantic1' | 'python-pydantic2';

/** The kinds of Shapley values that a scorer offers, as its setting `SHAPLEY_TYPES_ENABLED` names them. */
export type ShapleyTypes = 'NONE' | 'ORIGINAL' | 'TRANSFORMED' | 'ALL';

/**
 * How a scorer writes the two names that the published contracts spell differently: `scoringResponLabels` and `outputGroup` (`java`), or
 * `scoringResponseLabels` and `output_group` (`python`).
 */
export type ScorerSpelling = 'java' | 'python';

/** What a scorer needs to know about its deployment. */
export interface ScorerModel {
  readonly mojo: Mojo;
  /** What `/model/id` says; a scorer without an id says nothing. */
  readonly modelId?: string | undefined;
  /** Default: Java. */
  readonly contract?: ScorerContract | undefined;
  /** Default: all that the model has. */
  readonly shapleyTypes?: ShapleyTypes | undefined;
  /** Default: what has two spellings is left out, as real scorers of these models do. */
  readonly spelling?: ScorerSpelling | undefined;
}

/** One request to one scorer. */
export interface Call {
  readonly request: Request;
  readonly model: ScorerModel;
  /** The path as the scorer sees it: the gateway in front takes the deployment's segment off. */
  readonly path: string;
}

/** A contract: an answer to whatever is asked. */
export type Answer = (call: Call) => Response | Promise<Response>;

/** How a request is refused that has not the right passphrase. */
export type Refuse = (call: Pick<Call, 'path'>) => Response;

/** The Shapley values that this scorer computes: only some models have any. */
export function shapleyTypesOf({ mojo, shapleyTypes = 'ALL' }: ScorerModel): ShapleyTypes {
  return mojo.contributions === undefined ? 'NONE' : shapleyTypes;
}

export function capabilitiesOf(model: ScorerModel): readonly string[] {
  const types = shapleyTypesOf(model);
  const offers = (type: ShapleyTypes): boolean => types === 'ALL' || types === type;
  return [
    'SCORE',
    ...(offers('ORIGINAL') ? ['CONTRIBUTION_ORIGINAL'] : []),
    ...(offers('TRANSFORMED') ? ['CONTRIBUTION_TRANSFORMED'] : []),
  ];
}

export function schemaOf({ mojo, modelId: id, spelling }: ScorerModel): object {
  const inputFields = mojo.columns.map(({ name, type }) => ({ name, dataType: type === 'numeric' ? 'Float64' : 'Str' }));
  const outputFields = mojo.outputs.map((name) => ({ name, dataType: 'Float64' }));
  const schema = { inputFields, outputFields };
  return spelling === undefined ? { id, schema } : { id, properties: propertiesOf(mojo, spelling), schema };
}

const scoringTypes: ReadonlyMap<string, string> = new Map([
  ['Regression', 'REGRESSION'],
  ['Binomial', 'BINOMIAL'],
]);

function propertiesOf({ category, outputs }: Mojo, spelling: ScorerSpelling): object {
  const scoringType = scoringTypes.get(category) ?? 'CLASSIFICATION';
  const labels = scoringType === 'REGRESSION' ? [] : outputs.map(labelOf);
  return { scoringType, [spelling === 'java' ? 'scoringResponLabels' : 'scoringResponseLabels']: labels };
}

/** What follows the last dot of an output's name. */
export function labelOf(output: string): string {
  return output.slice(output.lastIndexOf('.') + 1);
}

export function sampleRequestOf({ mojo }: ScorerModel): object {
  return { fields: mojo.columns.map(({ name }) => name), rows: [mojo.columns.map(({ type }) => (type === 'numeric' ? '0' : 'text'))] };
}

/** A media type without its parameters. */
export function essenceOf(mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase();
}

export function isJsonType(mediaType: string): boolean {
  return /^application\/(?:.+\+)?json$/.test(essenceOf(mediaType));
}

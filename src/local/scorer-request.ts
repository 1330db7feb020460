/**
 * What a scorer is asked, read the way the Java server reads JSON: numbers and booleans become text, unknown properties are passed over,
 * missing ones are null. Stricter than Java in what JSON is: UTF-8 alone, nothing after its end, no bare `NaN`.
 */

type Text = string | null;
type List<Item> = readonly Item[] | null;

/** A score or contribution request; `null` where the JSON has null or nothing. */
export interface ScoreRequest {
  readonly fields: List<Text>;
  readonly rows: List<List<Text>>;
  readonly includeFieldsInOutput: List<Text>;
  readonly noFieldNamesInOutput: boolean;
  readonly idField: Text;
  readonly shapley: ShapleyType | null;
  readonly predictionIntervals: boolean;
}

const shapleyTypes = ['ORIGINAL', 'TRANSFORMED', 'NONE'] as const;
type ShapleyType = (typeof shapleyTypes)[number];

/** The body is not what the server can read at all. */
export class UnreadableRequest extends Error {
  override readonly name: string = 'UnreadableRequest';
}

/**
 * Reads the body of a request.
 *
 * @throws {UnreadableRequest} it is not UTF-8, not JSON, not an object, or a property has the wrong shape
 */
export function readScoreRequest(body: ArrayBuffer): ScoreRequest {
  const json = parseObject(body);
  const property = (name: string): unknown => json.get(name) ?? null;
  return {
    fields: listOf(text)(property('fields')),
    rows: listOf(listOf(text))(property('rows')),
    includeFieldsInOutput: listOf(text)(property('includeFieldsInOutput')),
    noFieldNamesInOutput: flag(property('noFieldNamesInOutput')),
    idField: text(property('idField')),
    shapley: shapleyType(property('requestShapleyValueType')),
    predictionIntervals: flag(property('requestPredictionIntervals')),
  };
}

function parseObject(body: ArrayBuffer): ReadonlyMap<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new UnreadableRequest();
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new UnreadableRequest();
  return new Map(Object.entries(json));
}

function listOf<Item>(item: (json: unknown) => Item): (json: unknown) => List<Item> {
  return (json) => {
    if (json === null) return null;
    if (!Array.isArray(json)) throw new UnreadableRequest();
    return json.map(item);
  };
}

function text(json: unknown): Text {
  if (json === null || typeof json === 'string') return json;
  if (typeof json === 'number' || typeof json === 'boolean') return String(json);
  throw new UnreadableRequest();
}

function flag(json: unknown): boolean {
  if (typeof json === 'boolean') return json;
  if (json === null || json === '') return false;
  if (Number.isInteger(json)) return json !== 0;
  if (json === 'true' || json === 'True' || json === 'TRUE') return true;
  if (json === 'false' || json === 'False' || json === 'FALSE') return false;
  throw new UnreadableRequest();
}

function shapleyType(json: unknown): ShapleyType | null {
  if (json === null) return null;
  const type = shapleyTypes.find((known) => known === json);
  if (type === undefined) throw new UnreadableRequest();
  return type;
}

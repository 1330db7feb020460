/**
 * Reads a request the way the Java server reads JSON: numbers and booleans become text, unknown properties are passed over, missing ones are
 * null, and what follows the object does not matter.
 */
import { decodeJson, parseLoosely, UnreadableJson } from './loose-json.js';
import { shapleyTypes } from './score-request.js';
import type { List, ScoreRequest, ShapleyType, Text } from './score-request.js';

/** The body is not what the server can read at all. */
export class UnreadableRequest extends Error {
  override readonly name: string = 'UnreadableRequest';
}

/** The longest text that the server's reader of JSON takes. */
export const longestText = 20_000_000;

/**
 * Reads the body of a request.
 *
 * @throws {UnreadableRequest} it is no Unicode text, not JSON, not an object, or a property has the wrong shape
 */
export function readJavaRequest(body: ArrayBuffer): ScoreRequest {
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
  try {
    const { value } = parseLoosely(decodeJson(body), { ignoresRest: true });
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value));
  } catch (error) {
    if (!(error instanceof UnreadableJson)) throw error;
  }
  throw new UnreadableRequest();
}

function listOf<Item>(item: (json: unknown) => Item): (json: unknown) => List<Item> {
  return (json) => {
    if (json === null) return null;
    if (!Array.isArray(json)) throw new UnreadableRequest();
    return json.map(item);
  };
}

function text(json: unknown): Text {
  if (typeof json === 'string' && json.length > longestText) throw new UnreadableRequest();
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

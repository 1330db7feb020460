/**
 * What may be asked of a scorer, looked at before anything is sent, and whether an answer has what was asked for.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { invalidParameter, type ConfigurationError } from '../errors/configuration-error.js';
import { callback, checkMembers, durationMs, memberOf, text, texts, truth, wholeNumber, type Kind } from '../http/given.js';
import type { ScoreRequest, ScoreResponse } from './contract.js';

const list: Kind = { name: 'a list', accepts: Array.isArray };
const oneOf = (...values: readonly string[]): Kind => ({
  name: values.join(' or '),
  accepts: (value) => typeof value === 'string' && values.includes(value),
});
const shapleyType = oneOf('ORIGINAL', 'TRANSFORMED');
export const rowKinds: Readonly<Record<string, Kind>> = {
  idColumn: text,
  includeColumns: texts,
  unknownColumns: oneOf('refuse', 'ignore'),
  contributions: shapleyType,
  predictionIntervals: truth,
};

const count: Kind = { name: 'a whole number from 1 on', accepts: (value) => wholeNumber.accepts(value) && value !== 0 };
export const streamKinds: Readonly<Record<string, Kind>> = {
  ...rowKinds,
  concurrency: count,
  batchRows: count,
  maxBatchRows: count,
  maxBatchBytes: count,
  batchTimeoutMs: durationMs,
  ordered: truth,
  onRowError: oneOf('throw', 'skip', 'collect'),
  fromRow: wholeNumber,
  totalRows: wholeNumber,
  onProgress: callback,
};

/** A scorer that cannot explain a row answers with the scores alone, and 200. */
export function checkExtras(answer: ScoreResponse, request: ScoreRequest): void {
  const wantsContributions = (request.requestShapleyValueType ?? 'NONE') !== 'NONE';
  const absent = [
    ...(wantsContributions && answer.featureShapleyContributions === undefined ? ['contributions'] : []),
    ...(request.requestPredictionIntervals === true && answer.predictionIntervals === undefined ? ['prediction intervals'] : []),
  ];
  if (absent.length === 0) return;
  throw new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The scorer answered without ${absent.join(' and ')}, though the request asks for them.`,
    fix: "Score without them, or look into the scorer's log: it says there why it could not explain the rows.",
    call: 'score',
  });
}

export function checkRequest(request: unknown, what: string): void {
  checkMembers(request, what, { fields: texts, rows: list });
  if (memberOf(request, 'fields') === undefined || memberOf(request, 'rows') === undefined) throw incompleteRequest();
}

export function checkRows(rows: unknown): void {
  if (Array.isArray(rows)) return;
  throw invalidParameter('The rows to score are not a list.', 'Pass an array of objects, each with a value for each column.');
}

export function checkFiles(files: unknown): void {
  if (list.accepts(files)) return;
  throw invalidParameter('The files to score are not a list.', 'Pass an array of paths or of { name, content }.');
}

function incompleteRequest(): ConfigurationError {
  return invalidParameter('The request to score has no `fields` or no `rows`.', 'Pass both, or let scoreRows() make the request.');
}

export function checkShapleyType(request: unknown): void {
  if (shapleyType.accepts(memberOf(request, 'requestShapleyValueType'))) return;
  throw invalidParameter(
    'The request to explain has no `requestShapleyValueType`, or one that explains nothing.',
    "Pass 'ORIGINAL' or 'TRANSFORMED', whichever scorer.capabilities() names.",
  );
}

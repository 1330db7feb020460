/**
 * Values of one column as the text that a scorer takes, and the text that it gives as values again. Nothing is lost on the way: what
 * would change its meaning is refused, and integers that a number cannot hold stay text. Pure.
 */
import { kindOf } from './schema.js';

/** A value of a row. `null` and `undefined` mean that it is missing. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;

/** A scored value: a number, text, or null where the scorer gave none. Integers that a number cannot hold stay text. */
export type ScoredCell = number | string | boolean | null;

/** Why a value does not fit its column; never the value. */
interface CellProblem {
  readonly problem: string;
}

/** Writes a value of one column as text; a missing one is an empty text. */
export type CellWriter = (value: unknown) => string | CellProblem;

/** Reads a cell of one column. */
export type CellReader = (cell: unknown) => ScoredCell;

/** It has lost some already. */
const tooManyDigits = { problem: 'has more digits than a number can hold (pass a bigint or text)' };
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const wholeText = /^[+-]?\d+$/;
/** Programs that hold whole numbers with gaps as floats write them so. */
const wholeWithZeros = /^([+-]?\d+)\.0*$/;
const truth = /^(?:true|1)$/i;
const falsehood = /^(?:false|0)$/i;

export function cellWriter(type: string): CellWriter {
  const kind = kindOf(type);
  if (kind === 'number') return numberWriter(type);
  if (kind === 'integer') return integerWriter(type);
  return kind === 'boolean' ? booleanWriter(type) : textWriter(type);
}

function numberWriter(type: string): CellWriter {
  return (value) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : notFinite(value);
    if (value === null || value === undefined) return '';
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'boolean') return value ? '1' : '0';
    if (typeof value !== 'string') return wrongType(value, type);
    const text = value.trim();
    if (text === '' || decimal.test(text)) return text;
    return wordAsNumber(text) ?? { problem: `is text that is no number, and the model wants ${type}` };
  };
}

function integerWriter(type: string): CellWriter {
  const limit = 2n ** (BigInt(/\d+$/.exec(type)?.[0] ?? '64') - 1n);
  const inRange = (text: string): string | CellProblem => {
    // Nine digits fit into any of the types that scorers have.
    if (text.length <= 9) return text;
    const value = BigInt(text.replace(/^\+/, ''));
    return value >= -limit && value < limit ? text : { problem: `is beyond the range of ${type}` };
  };
  return (value) => {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return inRange(String(value));
      if (!Number.isFinite(value)) return notFinite(value);
      return Number.isInteger(value) ? tooManyDigits : { problem: `is not a whole number, and the model wants ${type}` };
    }
    if (value === null || value === undefined) return '';
    if (typeof value === 'bigint') return inRange(String(value));
    if (typeof value === 'boolean') return value ? '1' : '0';
    if (typeof value !== 'string') return wrongType(value, type);
    const text = value.trim();
    if (text === '') return text;
    const whole = wholeText.test(text) ? text : wholeWithZeros.exec(text)?.[1];
    if (whole !== undefined) return inRange(whole);
    if (decimal.test(text) && Number.isSafeInteger(Number(text))) return inRange(String(Number(text)));
    return wordAsNumber(text) ?? { problem: `is text that is no whole number, and the model wants ${type}` };
  };
}

function booleanWriter(type: string): CellWriter {
  return (value) => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'boolean') return String(value);
    if (value === 1 || value === 1n) return 'true';
    if (value === 0 || value === 0n) return 'false';
    if (typeof value === 'number' && Number.isNaN(value)) return '';
    if (typeof value !== 'string') return wrongType(value, type);
    const text = value.trim();
    if (text === '') return text;
    if (truth.test(text)) return 'true';
    return falsehood.test(text) ? 'false' : { problem: `is text that is neither true nor false, and the model wants ${type}` };
  };
}

function textWriter(type: string): CellWriter {
  return (value) => {
    if (typeof value === 'string') return value;
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) return tooManyDigits;
      return Number.isFinite(value) ? String(value) : notFinite(value);
    }
    if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
    if (!(value instanceof Date)) return wrongType(value, type);
    return Number.isNaN(value.getTime()) ? { problem: 'is an invalid date' } : value.toISOString();
  };
}

/** `NaN` says that a value is missing; truth in a numeric column is 1 or 0, as the scorers themselves read it. */
function wordAsNumber(text: string): string | undefined {
  if (/^nan$/i.test(text)) return '';
  return /^true$/i.test(text) ? '1' : /^false$/i.test(text) ? '0' : undefined;
}

function notFinite(value: number): string | CellProblem {
  return Number.isNaN(value) ? '' : { problem: 'is infinite' };
}

function wrongType(value: unknown, type: string): CellProblem {
  return { problem: `is ${value instanceof Date ? 'a date' : `of type ${typeof value}`}, and the model wants ${type}` };
}

export function cellReader(type: string): CellReader {
  const fromText = textReader(type);
  return (cell) => {
    if (typeof cell === 'string') return cell === '' ? null : fromText(cell);
    return typeof cell === 'number' || typeof cell === 'boolean' ? cell : null;
  };
}

function textReader(type: string): (text: string) => ScoredCell {
  switch (kindOf(type)) {
    case 'number':
      return readNumber;
    case 'integer':
      return (text) => {
        const value = Number(text);
        return Number.isSafeInteger(value) && !isBlank(text) ? value : text;
      };
    case 'boolean':
      return (text) => (truth.test(text) ? true : falsehood.test(text) ? false : text);
    case 'text':
      return (text) => text;
  }
}

function readNumber(text: string): ScoredCell {
  const value = Number(text);
  if (value === 0) return isBlank(text) ? text : value;
  if (Number.isNaN(value)) return text === 'NaN' ? value : text;
  // A whole number that is written out loses digits as a number; one with an exponent has none to lose.
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && wholeText.test(text) ? text : value;
}

/** Blank text is no number, though `Number` takes it for 0. */
function isBlank(text: string): boolean {
  return text.trim() === '';
}

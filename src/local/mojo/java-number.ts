/**
 * Numbers the way Java reads and prints them (`Double.parseDouble`, `Double.toString`, `Float.toString`), because that is what a scorer puts on the wire.
 */

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[fd]?$/i;
const special = /^([+-]?)(NaN|Infinity)$/;
const hexadecimal = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)[fd]?$/i;

/** The number that `text` stands for; `undefined` where Java throws. */
export function parseJavaDouble(text: string): number | undefined {
  const trimmed = trimAsJava(text);
  if (decimal.test(trimmed)) return Number(trimmed.replace(/[fd]$/i, ''));
  const [, sign, word] = special.exec(trimmed) ?? [];
  if (word !== undefined) return word === 'NaN' ? NaN : sign === '-' ? -Infinity : Infinity;
  return parseHexadecimal(trimmed);
}

function parseHexadecimal(text: string): number | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = hexadecimal.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}

/** Without the leading and trailing characters up to the space: what `String.trim` of Java removes. */
export function trimAsJava(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** The shortest text that reads back as `value`, in Java's notation: `1.0`, `0.0330`, `1.6546619477852492E-6`. */
export function printJavaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) return withFraction(String(value));
  const shortest = value.toExponential();
  // Java prints two digits at least, and of those the nearest: 4.9E-324, not 5.0E-324.
  const [mantissa = '', exponent = ''] = (shortest.includes('.') ? shortest : value.toExponential(1)).split('e');
  return `${withFraction(mantissa)}E${Number(exponent)}`;
}

function withFraction(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`;
}

/** The same for a number of 32 bits. */
export function printJavaFloat(value: number): string {
  for (let digits = 2; digits < mostDigitsOfFloat; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return printJavaDouble(shorter);
  }
  return printJavaDouble(Number(value.toPrecision(mostDigitsOfFloat)));
}

/** With so many digits every number of 32 bits reads back as itself. */
const mostDigitsOfFloat = 9;

/**
 * Makes text from outside fit for an error or a log: secrets out, control characters out, length bounded.
 * Works by shape, and by value where the secrets in play are known.
 */

export const redacted = '[redacted]';

const longestText = 500;

/** Shapes of secrets, the more specific first. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]*(?:\.[\w-]*)*/g, redacted],
  [/\b(Bearer|Basic|Negotiate|Digest)\s+[^\s,;"']+/gi, `$1 ${redacted}`],
  [
    /("?[\w-]*(?:token|secret|password|passwd|passphrase|assertion|cookie|authorization|api[_-]?key|credential|session[_-]?id|code_verifier)[\w-]*"?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    `$1${redacted}`,
  ],
  [/:\/\/[^/\s@]+@/g, `://${redacted}@`],
  [/\bX-Amz-[\w-]+=[^&\s"'<>]+/gi, redacted],
  [/\bSignature=[0-9a-f]+/gi, `Signature=${redacted}`],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b/g, redacted],
  [/(<(?:AccessKeyId|SecretAccessKey|SessionToken|WebIdentityToken)>)[^<]*/gi, `$1${redacted}`],
  [/\bh2oai_mlops_\w+/g, redacted],
  [/\bpbkdf2:\S+/gi, redacted],
  [/\$2[aby]?\$\S+/g, redacted],
];

/** A run this long without a separator, holding letters and digits, is taken for a token; ids with dashes are shorter runs. */
const opaque = /[\w+/=~.]{33,}/g;

function withoutControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- removing control characters is the purpose
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

/**
 * Text that is safe to show: secrets replaced by `[redacted]`, one line, at most 500 characters.
 *
 * @param secrets values known to be secret; they are replaced wherever they stand
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let safe = text.length > 20_000 ? text.slice(0, 20_000) : text;
  for (const secret of secrets) {
    if (secret.length >= 3) safe = safe.replaceAll(secret, redacted);
  }
  safe = withoutControls(safe);
  for (const [shape, replacement] of shapes) safe = safe.replace(shape, replacement);
  safe = safe.replace(opaque, (run) => (/\d/.test(run) && /[a-z]/i.test(run) && !isName(run) ? redacted : run));
  return safe.length > longestText ? `${safe.slice(0, longestText)}…` : safe;
}

/** The last net under our own sentences: tokens by their shape, nothing else, so that names of variables and settings stay. */
export function redactTokens(text: string): string {
  return text.replace(/\beyJ[\w-]{8,}(?:\.[\w-]*)*/g, redacted).replace(/\bBearer\s+[\w.~+/=-]{8,}/g, `Bearer ${redacted}`);
}

/** What a UUID leaves at the ends of a run, since dashes separate: a resource is `workspaces/<id>/deployments/<id>`. */
const endOfUuid = /^(?:[0-9a-f]{8}|[0-9a-f]{12})$/;

/** Long runs that are names, not secrets: dotted or slashed words such as `ai.h2o.storage.ProjectService/CreateProject`. */
function isName(run: string): boolean {
  return run
    .split(/[./]/)
    .every((part) => endOfUuid.test(part) || (part.length < 33 && !/\d[a-z]+\d|[A-Z]{2,}\d/i.test(part.replace(/h2o/gi, ''))));
}

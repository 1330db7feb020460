/**
 * Turns the text of a good answer into checked data, or says why it is not one.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { redact } from '../internal/redact.js';
import type { Operation, WholeAnswer } from './operation.js';

interface Where {
  readonly service: string;
  readonly origin: string;
  readonly requestId: string;
}

/** @throws {ResponseValidationError} the text is not JSON, or not what the operation answers */
export function parseAnswer<Answer>(operation: Operation<Answer>, answer: WholeAnswer, where: Where): Answer {
  const result = operation.answer.safeParse(given(operation, answer, where));
  if (result.success) return result.data;
  const isEmpty = operation.answerHeader === undefined && answer.body.trim() === '';
  const issue = result.error.issues[0];
  const field = redact(issue?.path.map(String).join('.') ?? '');
  throw new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `${where.service} answered ${operation.name} with ${isEmpty ? 'an empty body' : 'a body that does not fit its contract'}${field === '' ? '' : ` (at ${field})`}.`,
    fix: `Check that ${where.origin} really is ${where.service} and of a platform version that this package knows.`,
    call: operation.name,
    requestId: where.requestId,
  });
}

function given(operation: Operation<unknown>, answer: WholeAnswer, where: Where): unknown {
  if (operation.readsWhole === true) return answer;
  const { answerHeader } = operation;
  return answerHeader === undefined ? readJson(operation.name, answer, where) : (answer.headers.get(answerHeader) ?? undefined);
}

function readJson(call: string, answer: WholeAnswer, where: Where): unknown {
  // No content is an answer only where none is expected: a list must not read as empty because a proxy swallowed it.
  if (answer.body.trim() === '') return undefined;
  try {
    return JSON.parse(answer.body);
  } catch {
    const isHtml = /^\s*</.test(answer.body);
    throw new ResponseValidationError({
      code: 'RESPONSE_INVALID',
      what: `${where.service} at ${where.origin} answered ${call} with ${isHtml ? 'HTML' : 'something that is not JSON'} instead of JSON.`,
      fix: isHtml
        ? 'A web page, a sign-in form or a proxy answers there: check that the URL is that of the API (`await cloud.describe()` tells where it comes from).'
        : 'The answer may have been cut off, or the URL is not that of the API: `await cloud.describe()` tells where it comes from.',
      call,
      requestId: where.requestId,
    });
  }
}

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ContributionRequest, ScoreRequest, Scorer } from 'h2o-ai-cloud';
import { failureOf, fakeScorer } from '../../support/fake-scorer.js';

interface Recorded {
  readonly scorer: string;
  readonly step: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly request?: unknown;
  readonly response: unknown;
}

function recorded(name: string): [string, Recorded][] {
  const lines = readFileSync(new URL(`../../fixtures/scoring/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded).map((record) => [`${record.scorer}: ${record.step}`, record]);
}

function answering({ path, status, contentType, response }: Recorded): Scorer {
  const body = typeof response === 'string' ? response : JSON.stringify(response);
  const headers: Record<string, string> = contentType === null ? {} : { 'content-type': contentType };
  const capabilities = ['SCORE', 'CONTRIBUTION_ORIGINAL', 'MEDIA'];
  return fakeScorer(
    { '/model/capabilities': () => capabilities, [path]: () => new Response(body, { status, headers }) },
    { cloud: { retry: { limit: 0 } } },
  ).scorer;
}

const reads: Readonly<Record<string, (scorer: Scorer, request: unknown) => Promise<unknown>>> = {
  '/model/score': (scorer, request) => scorer.score(request as ScoreRequest),
  '/model/contribution': (scorer, request) => scorer.contributions(request as ContributionRequest),
  '/model/schema': async (scorer) => {
    const { input, output, id } = await scorer.schema();
    const toWire = ({ name, type }: { readonly name: string; readonly type: string }): object => ({ name, dataType: type });
    return { ...(id === undefined ? {} : { id }), schema: { inputFields: input.map(toWire), outputFields: output.map(toWire) } };
  },
  '/model/sample_request': (scorer) => scorer.sampleRequest(),
  '/model/capabilities': (scorer) => scorer.capabilities(),
  '/model/id': async (scorer) => (await scorer.modelId()) ?? '',
  '/readyz': async (scorer) => ((await scorer.ready()) ? 'Ready' : 'not ready'),
};

describe('what real scorers have answered is read without loss', () => {
  test.each(recorded('answers'))('%s', async (_, record) => {
    expect(await reads[record.path]?.(answering(record), record.request)).toEqual(record.response);
  });

  test('with the spelling of the Python contract', async () => {
    const { scorer } = fakeScorer({
      '/model/capabilities': () => ['CONTRIBUTION_ORIGINAL'],
      '/model/schema': () => ({
        schema: { inputFields: [], outputFields: [], targetFields: [{ name: 'y', dataType: 'Str', example: 'x' }] },
        properties: { scoringType: 'BINOMIAL', scoringResponLabels: ['0', '1'] },
      }),
      '/model/contribution': () => ({ features: ['a'], contributionGroups: [{ output_group: 'x', contributions: [['1']] }] }),
    });
    const request = { fields: ['a'], rows: [['1']], requestShapleyValueType: 'ORIGINAL' } as const;
    expect(await scorer.contributions(request)).toEqual({
      features: ['a'],
      contributionGroups: [{ outputGroup: 'x', contributions: [['1']] }],
    });
    expect(await scorer.schema()).toEqual({
      input: [],
      output: [],
      target: [{ name: 'y', type: 'Str', example: 'x' }],
      scoringType: 'BINOMIAL',
      labels: ['0', '1'],
    });
  });
});

describe('what real scorers have refused is an error that quotes nothing of it', () => {
  const fields = Array.from({ length: 20 }, (_, position) => `column ${position}`);
  const request = { fields, rows: [fields.map(() => '1')] };
  const calls: Readonly<Record<string, (scorer: Scorer) => Promise<unknown>>> = {
    '/model/score': (scorer) => scorer.score(request),
    '/model/contribution': (scorer) => scorer.contributions({ ...request, requestShapleyValueType: 'ORIGINAL' }),
    '/model/media-score': (scorer) => scorer.scoreMedia(request, []),
  };

  test.each(recorded('refusals'))('%s', async (_, record) => {
    const error = await failureOf(calls[record.path]!(answering(record)));
    expect(error).toMatchObject({ name: 'ScoringError', code: 'SCORING_FAILED', status: record.status });
    const shown = `${inspect(error, { depth: 9 })} ${JSON.stringify(error)}`;
    for (const cell of quotedIn(record.response)) expect(shown).not.toContain(cell);
    const bad = positionsIn(record.response);
    expect(error).toMatchObject({
      problems: bad.map(([row, column]) => ({ row, ...(column === undefined ? {} : { column: fields[column] }) })),
    });
  });

  /** Cells that the recorded refusals quote. */
  function quotedIn(response: unknown): readonly string[] {
    const text = JSON.stringify(response);
    return ['"abc"', 'For input string', '1,5', 'Input should', 'LIMIT_BAL'].filter((quoted) => text.includes(quoted));
  }

  function positionsIn(response: unknown): [number, number | undefined][] {
    const detail: unknown = typeof response === 'object' && response !== null ? Reflect.get(response, 'detail') : undefined;
    if (!Array.isArray(detail)) return [];
    return (detail as { readonly loc: readonly unknown[] }[]).flatMap(({ loc: [, part, row, column] }) =>
      part === 'rows' && typeof row === 'number' ? [[row, typeof column === 'number' ? column : undefined]] : [],
    );
  }
});

/**
 * One table of cases through the SDK against scorers that are not ours, and against the local cloud's. What a case expects comes from H2O-3
 * itself (its predictions, its library's Shapley values) or from the contract.
 */
import { Readable } from 'node:stream';
import { AuthenticationError, ScoringError } from 'h2o-ai-cloud';
import type { Row, Scorer } from 'h2o-ai-cloud';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readCsv } from '../support/csv.js';
import { passphrase, startTargets, targetNames } from './targets.js';
import type { Model, Target, Targets } from './targets.js';

let targets: Targets;
beforeAll(async () => {
  targets = await startTargets();
});
afterAll(() => targets.stop());

const scorerOf = ({ user, checked }: Target, model: Model = 'credit-gbm'): Scorer => user.scorer(checked[model]);

const inputs: Readonly<Record<Model, readonly string[]>> = {
  'credit-gbm': ['LIMIT_BAL', 'SEX', 'EDUCATION', 'MARRIAGE', 'AGE', 'PAY_1', 'BILL_AMT1', 'PAY_AMT1'],
  'credit-glm': ['EDUCATION', 'MARRIAGE', 'SEX', 'LIMIT_BAL', 'AGE', 'PAY_1', 'BILL_AMT1', 'PAY_AMT1'],
  'iris-glm': ['sepal_len', 'sepal_wid', 'petal_len', 'petal_wid'],
};

const rowsOf = (model: Model): readonly Row[] =>
  readCsv(model === 'iris-glm' ? 'models/iris.csv' : 'models/credit.csv').map((row) =>
    Object.fromEntries(inputs[model].map((name) => [name, row[name] ?? null])),
  );
const row = rowsOf('credit-gbm')[0] ?? {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const raw = (rows: readonly Row[]) => ({
  fields: inputs['credit-gbm'],
  rows: rows.map((one) => inputs['credit-gbm'].map((name) => textOf(one[name]))),
});

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const isPython = ({ contract }: Target): boolean => contract === 'python';

async function comparesWithH2O(target: Target, model: Model): Promise<void> {
  const predictions = readCsv(`models/${model}-predictions.csv`).map((line) => Object.values(line).slice(1).map(Number));
  const scored = await scorerOf(target, model).scoreRows(rowsOf(model));
  expect(scored).toHaveLength(predictions.length);
  const tolerance = model === 'credit-gbm' ? 1e-6 : 1e-9;
  scored.forEach((one, index) => {
    const values = Object.values(one).map(Number);
    expect(values).toHaveLength(predictions[index]?.length ?? 0);
    values.forEach((value, output) => {
      expect(Math.abs(value / (predictions[index]?.[output] ?? NaN) - 1)).toBeLessThan(tolerance);
    });
  });
}

const cases: Readonly<Record<string, (target: Target) => Promise<void>>> = {
  'a GBM predicts what H2O-3 predicted': (target) => comparesWithH2O(target, 'credit-gbm'),
  'a GLM of two classes predicts what H2O-3 predicted': (target) => comparesWithH2O(target, 'credit-glm'),
  'a GLM of three classes predicts what H2O-3 predicted': (target) => comparesWithH2O(target, 'iris-glm'),

  async 'tells its columns'(target) {
    const { input, output } = await scorerOf(target).schema();
    expect(input.map(({ name, type }) => [name, type])).toEqual(
      inputs['credit-gbm'].map((name) => [name, ['SEX', 'EDUCATION', 'MARRIAGE'].includes(name) ? 'Str' : 'Float64']),
    );
    expect(output.map(({ name }) => name)).toEqual(['default payment next month.0', 'default payment next month.1']);
  },

  async 'scores its own sample request'(target) {
    const scorer = scorerOf(target);
    const { score } = await scorer.score(await scorer.sampleRequest());
    expect(score).toHaveLength(1);
    expect(score[0]?.every((cell) => Number.isFinite(Number(cell)))).toBe(true);
  },

  async 'tells what it can do'(target) {
    const more = isPython(target) ? ['MEDIA'] : [];
    expect(await scorerOf(target).capabilities()).toEqual(['SCORE', 'CONTRIBUTION_ORIGINAL', 'CONTRIBUTION_TRANSFORMED', ...more]);
    expect(await scorerOf(target, 'credit-glm').capabilities()).toEqual(['SCORE', ...more]);
  },

  async 'tells its id, and that it is ready'(target) {
    expect(await scorerOf(target).modelId()).toMatch(/^(credit-gbm|[\da-f-]{36})$/);
    expect(await target.user.scorer(target.direct['credit-gbm']).ready()).toBe(true);
  },

  async 'rows with columns that are missing, unknown or misspelt are refused before anything is sent'(target) {
    const scorer = scorerOf(target);
    await scorer.schema();
    const { LIMIT_BAL, ...without } = row;
    const rows = [row, without, { ...row, no_such: 1 }, { ...without, limit_bal: LIMIT_BAL ?? null }];
    const before = target.messages.length;
    const error = await failureOf(scorer.scoreRows(rows));
    expect(error).toMatchObject({ code: 'SCORING_ROWS_INVALID' });
    const problems = error instanceof ScoringError ? error.problems.map(({ row: at, column }) => [at, column]) : [];
    expect(problems).toEqual(
      expect.arrayContaining([
        [1, 'LIMIT_BAL'],
        [2, 'no_such'],
        [3, 'LIMIT_BAL'],
        [3, 'limit_bal'],
      ]),
    );
    expect(target.messages.slice(before).filter(({ call }) => call.startsWith('POST'))).toEqual([]);
  },

  async 'the scorer itself would have scored them'(target) {
    const answer = await scorerOf(target).score({ fields: ['limit_bal', 'no_such'], rows: [['750000', '1']] });
    const nothing = await scorerOf(target).scoreRows([Object.fromEntries(inputs['credit-gbm'].map((name) => [name, null]))]);
    expect(answer.score[0]?.map(Number)).toEqual(Object.values(nothing[0]));
  },

  async 'null, an empty text and NaN are all a value that is not known'(target) {
    const unknown = [null, '', NaN].map((value) => ({ ...row, AGE: value, LIMIT_BAL: value }));
    const [known, ...others] = await scorerOf(target).scoreRows([row, ...unknown]);
    expect(new Set(others.map((scored) => JSON.stringify(scored))).size).toBe(1);
    expect(others[0]).not.toEqual(known);
  },

  async 'a level that the model has not seen is a value that is not known'(target) {
    const [unseen, unknown] = await scorerOf(target).scoreRows([
      { ...row, SEX: 'never seen' },
      { ...row, SEX: null },
    ]);
    expect(unseen).toEqual(unknown);
  },

  async 'columns of the input come back in the order of the input, after the row’s own id'(target) {
    const [scored] = await scorerOf(target).scoreRows([{ ...row, id: 'a-17' }], { idColumn: 'id', includeColumns: ['SEX', 'LIMIT_BAL'] });
    expect(Object.keys(scored).slice(0, 3)).toEqual(['id', 'LIMIT_BAL', 'SEX']);
    expect(scored).toMatchObject({ id: 'a-17', SEX: row['SEX'] });
  },

  async 'gives ids of its own making where they are asked for'(target) {
    const request = { ...raw([row, row]), idField: 'made', includeFieldsInOutput: ['made'] };
    const { fields, score } = await scorerOf(target).score(request);
    expect(fields?.[0]).toBe('made');
    expect(new Set(score.map(([id]) => id)).size).toBe(2);
  },

  async 'leaves the names out where they are not wanted'(target) {
    const { fields, score } = await scorerOf(target).score({ ...raw([row]), noFieldNamesInOutput: true });
    expect(fields ?? undefined).toBeUndefined();
    expect(score).toHaveLength(1);
  },

  async 'thousands of rows keep their order'(target) {
    const some = rowsOf('credit-gbm');
    const many = Array.from({ length: 2500 }, (_, index) => ({ ...some[index % some.length], id: String(index) }));
    const scored = await scorerOf(target).scoreRows(many, { idColumn: 'id' });
    const first = await scorerOf(target).scoreRows(some);
    scored.forEach((one, index) => {
      expect(one).toEqual({ id: String(index), ...first[index % some.length] });
    });
  },

  async 'Shapley values are those of H2O’s library, under both names'(target) {
    const wanted = readCsv('models/credit-gbm-contributions.csv').map((line) => Object.values(line).map(Number));
    for (const requestShapleyValueType of ['ORIGINAL', 'TRANSFORMED'] as const) {
      const { features, contributionGroups } = await scorerOf(target).contributions({
        ...raw(rowsOf('credit-gbm')),
        requestShapleyValueType,
      });
      expect(features).toEqual([...inputs['credit-gbm'].map((name) => `contrib_${name}`), 'contrib_bias']);
      expect(contributionGroups).toHaveLength(1);
      expect(contributionGroups[0]?.contributions.map((values) => values.map(Number))).toEqual(wanted);
    }
  },

  async 'Shapley values beside the rows add up to the score before its link'(target) {
    const explained = await scorerOf(target).scoreRows([row], { contributions: 'ORIGINAL' });
    const sum = Object.values(explained[0].contributions ?? {}).reduce<number>((total, value) => total + Number(value), 0);
    const probability = Number(explained[0].row['default payment next month.1']);
    expect(sum).toBeCloseTo(Math.log(probability / (1 - probability)), 5);
  },

  async 'what a model cannot do is refused before anything is sent'(target) {
    const scorer = scorerOf(target, 'credit-glm');
    const before = target.messages.length;
    for (const demand of [{ contributions: 'ORIGINAL' }, { predictionIntervals: true }] as const) {
      expect(await failureOf(scorer.scoreRows(rowsOf('credit-glm').slice(0, 1), demand))).toMatchObject({ code: 'SCORING_UNSUPPORTED' });
    }
    expect(target.messages.slice(before).filter(({ call }) => call.startsWith('POST'))).toEqual([]);
  },

  async 'files are scored where the contract can, and refused before anything is sent where it cannot'(target) {
    const request = { fields: ['image'], rows: [['cat.png'], ['dog.png']], mediaFields: ['image'] };
    const filesWith = (bytes: Buffer) => [
      { name: 'cat.png', content: Buffer.from('seven b'), contentType: 'image/png' },
      { name: 'dog.png', content: Readable.from([bytes, bytes]), contentType: 'image/png' },
    ];
    const scoring = scorerOf(target).scoreMedia(request, filesWith(Buffer.alloc(50_000, 'a')));
    if (!isPython(target)) {
      expect(await failureOf(scoring)).toMatchObject({ code: 'SCORING_UNSUPPORTED' });
      return;
    }
    expect((await scoring).score).toEqual([['7'], ['100000']]);
    // Past the check, which reads a body as text: bytes as they are sent.
    const direct = target.user.scorer(target.direct['credit-gbm']);
    expect((await direct.scoreMedia(request, filesWith(Buffer.alloc(50_000, 0xff)))).score).toEqual([['7'], ['100000']]);
  },

  async 'a cell that is no number is an error that does not repeat it'(target) {
    const error = await failureOf(scorerOf(target).score(raw([row, { ...row, AGE: 'private-cell' }])));
    expect(error).toBeInstanceOf(ScoringError);
    expect(error).toMatchObject({ code: 'SCORING_FAILED', status: 400 });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('private-cell');
  },

  async 'a row that is too long is an error'(target) {
    const { fields, rows } = raw([row]);
    const error = await failureOf(scorerOf(target).score({ fields, rows: rows.map((cells) => [...cells, 'private-cell']) }));
    expect(error).toMatchObject({ code: 'SCORING_FAILED', status: isPython(target) ? 400 : 500 });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('private-cell');
  },

  async 'opens to the passphrase, to no other, and not without one'({ user, guarded }) {
    const request = raw([row]);
    expect((await user.scorer(guarded, { passphrase }).score(request)).score).toHaveLength(1);
    for (const options of [{ passphrase: 'open barley' }, {}]) {
      const error = await failureOf(user.scorer(guarded, options).score(request));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ code: 'AUTH_REJECTED' });
    }
  },
};

describe.each(targetNames)('%s', (name) => {
  test.each(Object.entries(cases))('%s', async (_, check) => {
    await check(targets.target(name));
  });

  const paths = [
    'GET /model/capabilities',
    'GET /model/id',
    'GET /model/sample_request',
    'GET /model/schema',
    'GET /readyz',
    'POST /model/contribution',
    'POST /model/score',
  ];

  it('sends and answers nothing but what the published contract says', () => {
    const { messages } = targets.target(name);
    const broken = messages.filter(({ status, violations }) =>
      // The contracts leave out some statuses of refusals, and their bodies.
      violations.some(({ location: [part] }) => part === 'request' || status === 200),
    );
    expect(broken).toEqual([]);
    expect(messages.length).toBeGreaterThan(20);
    const good = new Set(
      messages.flatMap(({ call, status, isChecked }) => (status === 200 && (isChecked || call === 'GET /readyz') ? [call] : [])),
    );
    expect([...good].sort()).toEqual(isPython(targets.target(name)) ? [...paths, 'POST /model/media-score'].sort() : [...paths].sort());
    expect(messages.some(({ status, isChecked }) => isChecked && status === 401)).toBe(true);
  });
});

describe.each(['the Java scorer', 'the local cloud as Java'] as const)('%s behind OpenID Connect', (name) => {
  it('opens to the user’s own token', async () => {
    const { user, forUsers = '', messages } = targets.target(name);
    const before = messages.length;
    expect((await user.scorer(forUsers).score(raw([row]))).score).toHaveLength(1);
    expect(messages.slice(before)).toEqual([{ call: 'POST /model/score', isChecked: true, status: 200, violations: [] }]);
  });

  it('refuses a secret of another kind, and the error says what to look at', async () => {
    const { user, forUsers = '' } = targets.target(name);
    const error = await failureOf(user.scorer(forUsers, { passphrase }).score(raw([row])));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'AUTH_REJECTED' });
    expect(String(error)).not.toContain(passphrase);
  });
});

it('a request that breaks the contract would be noticed', async () => {
  const { checked } = targets.target('the Java scorer');
  const body = JSON.stringify({ fields: inputs['credit-gbm'], rows: [inputs['credit-gbm'].map(() => 1)] });
  const answer = await fetch(checked['credit-gbm'], { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(answer.headers.get('sl-violations')).toContain('must be string');
});

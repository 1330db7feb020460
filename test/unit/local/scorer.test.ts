import { describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { readMojo } from '../../../src/local/mojo/mojo.js';
import { scorerApp } from '../../../src/local/scorer/scorer.js';
import type { ScorerAccess, ScorerHost, ScorerModel } from '../../../src/local/scorer/scorer.js';
import { exportedModel } from './models.js';

const iris: ScorerModel = { mojo: readMojo(exportedModel('iris-glm.zip')) };
const credit: ScorerModel = { mojo: readMojo(exportedModel('credit-glm.zip')), modelId: 'credit' };

/** A cloud with deployments `iris`, `credit` and one that is still starting, open to all unless `access` says otherwise. */
function host(access: ScorerAccess = 'allowed'): ScorerHost {
  const models = new Map<string, ScorerModel | 'notReady'>([
    ['iris', iris],
    ['credit', credit],
    ['starting', 'notReady'],
  ]);
  return { find: (deployment) => models.get(deployment), authorize: () => Promise.resolve(access) };
}

const ask = async (path: string, init: RequestInit = {}, access?: ScorerAccess): Promise<Response> =>
  scorerApp(host(access)).request(`http://local${path}`, init);

const post = (path: string, body: unknown): Promise<Response> =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/plain, */*' },
    body: JSON.stringify(body),
  });

const ScoreAnswer = z.looseObject({ score: z.array(z.array(z.string())) });

describe('a deployment', () => {
  it('tells the columns of its model under the id of its model', async () => {
    const answer = await ask('/credit/model/schema');
    const numbers = ['LIMIT_BAL', 'AGE', 'PAY_1', 'BILL_AMT1', 'PAY_AMT1'].map((name) => ({ name, dataType: 'Float64' }));
    const texts = ['EDUCATION', 'MARRIAGE', 'SEX'].map((name) => ({ name, dataType: 'Str' }));
    const outputFields = ['default payment next month.0', 'default payment next month.1'].map((name) => ({ name, dataType: 'Float64' }));
    expect(await answer.json()).toEqual({ id: 'credit', schema: { inputFields: [...texts, ...numbers], outputFields } });
    expect(await (await ask('/credit/model/id')).text()).toBe('credit');
  });

  it('scores its own sample request', async () => {
    const sample: unknown = await (await ask('/credit/model/sample_request')).json();
    const answer = await post('/credit/model/score', sample);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      id: 'credit',
      score: [[expect.stringMatching(/^0\.\d+$/), expect.stringMatching(/^0\.\d+$/)]],
    });
  });

  it('gives every row an id of its own where one is asked for and none was sent', async () => {
    const answer = await post('/iris/model/score', {
      fields: ['sepal_len'],
      rows: [['1'], ['2']],
      idField: 'row',
      includeFieldsInOutput: ['row'],
      noFieldNamesInOutput: true,
    });
    const { score } = ScoreAnswer.parse(await answer.json());
    expect(new Set(score.map(([id]) => id)).size).toBe(2);
  });

  test.each([
    [true, false],
    ['True', false],
    [1, false],
    ['FALSE', true],
    [0, true],
    ['', true],
    [null, true],
  ])('with noFieldNamesInOutput %j names its columns: %j', async (noFieldNamesInOutput, named) => {
    const answer = await post('/iris/model/score', { fields: [], rows: [[]], noFieldNamesInOutput });
    expect('fields' in ScoreAnswer.parse(await answer.json())).toBe(named);
  });

  test.each([{ noFieldNamesInOutput: 'maybe' }, { idField: {} }, { requestShapleyValueType: 0 }, { includeFieldsInOutput: 'all' }])(
    'cannot read a request with %j',
    async (odd) => {
      const answer = await post('/iris/model/score', { fields: [], rows: [[]], ...odd });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    },
  );

  it('that asks back a cell that a short row does not have fails as Java does', async () => {
    const answer = await post('/iris/model/score', {
      fields: ['sepal_len', 'sepal_wid'],
      rows: [['1']],
      includeFieldsInOutput: ['sepal_wid'],
    });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      detail: '500 INTERNAL_SERVER_ERROR "Failed scoring request due to: Index 1 out of bounds for length 1"',
    });
  });

  it('scores ten thousand rows in one request', async () => {
    const row = ['5.1', '3.5', '1.4', '0.2'];
    const fields = ['sepal_len', 'sepal_wid', 'petal_len', 'petal_wid'];
    const answer = await post('/iris/model/score', { fields, rows: Array.from({ length: 10_000 }, () => row) });
    const { score } = ScoreAnswer.parse(await answer.json());
    expect(score).toHaveLength(10_000);
    expect(Number(score[9_999]?.[0])).toBeCloseTo(0.9998659222170783, 14);
  });

  it('reads no file of the machine it runs on', async () => {
    const answer = await ask('/iris/model/score?file=/etc/hosts');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('Could not find the input CSV file: /etc/hosts');
  });

  it('has no media scoring', async () => {
    const form = new FormData();
    form.append('scoreMediaRequest', new Blob(['{}'], { type: 'application/json' }));
    form.append('files', new Blob(['cat']), 'cat.png');
    expect((await ask('/iris/model/media-score', { method: 'POST', body: form })).status).toBe(501);
  });

  it('lets a plain OPTIONS see its methods', async () => {
    const answer = await ask('/iris/model/score', { method: 'OPTIONS' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('allow')).toBe('POST, GET, OPTIONS');
  });

  test.each([
    ['*/*', 200],
    ['application/*', 200],
    ['text/html, application/json;q=0.5', 200],
    ['text/html', 406],
    ['application/json;q=0', 406],
  ])('Accept: %s is answered %d', async (accept, status) => {
    expect((await ask('/iris/model/schema', { headers: { accept } })).status).toBe(status);
  });

  it('that is unknown is 404, one that is starting 503, whoever asks', async () => {
    expect((await ask('/unknown/model/schema', {}, { status: 401 })).status).toBe(404);
    expect((await ask('/starting/model/schema', {}, { status: 401 })).status).toBe(503);
    expect((await ask('/starting/readyz')).status).toBe(503);
  });
});

describe('access', () => {
  it('is decided for the deployment that is asked, by the header as it was sent', async () => {
    const asked: unknown[] = [];
    const app = scorerApp({ ...host(), authorize: (...args) => (asked.push(args), Promise.resolve('allowed')) });
    await app.request('http://local/iris/model/schema', { headers: { authorization: 'bearer x' } });
    await app.request('http://local/credit/model/schema');
    expect(asked).toEqual([
      ['iris', 'bearer x'],
      ['credit', undefined],
    ]);
  });

  it('refused with a challenge has no body, as a resource server answers', async () => {
    const wwwAuthenticate = 'Bearer error="invalid_token"';
    const answer = await ask('/iris/model/schema', {}, { status: 401, wwwAuthenticate });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(wwwAuthenticate);
    expect(await answer.text()).toBe('');
  });

  it('refused without one says Unauthorized, as a passphrase check does', async () => {
    const answer = await ask('/iris/model/nothing', {}, { status: 401 });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect(await answer.text()).toBe('Unauthorized');
  });

  it('refused by a Python runtime is JSON where its answers are checked, text elsewhere', async () => {
    const runtime: ScorerModel = { ...iris, contract: 'python-pydantic1' };
    const app = scorerApp({ find: () => runtime, authorize: () => Promise.resolve({ status: 401 }) });
    const text = await app.request('http://local/iris/model/score', { method: 'POST' });
    expect([text.status, await text.text()]).toEqual([401, 'Unauthorized']);
    const json = await app.request('http://local/iris/model/contribution', { method: 'POST' });
    expect(json.status).toBe(401);
    expect(await json.json()).toEqual({ detail: [{ loc: ['header', 'authorization'], msg: 'Unauthorized', type: 'unauthorized' }] });
  });

  it('is not needed to learn whether it is ready', async () => {
    const answer = await ask('/iris/readyz', {}, { status: 401 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.text()).toBe('Ready');
  });
});

it('leaves paths that are no scorer to others', async () => {
  expect((await ask('/iris')).status).toBe(404);
  expect(await (await ask('/deployer/ai.h2o.deploy.DeploymentService/CreateDeployment', { method: 'POST' })).text()).toBe('404 Not Found');
});

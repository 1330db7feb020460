/**
 * The two spellings in which the scoring contract has been published, from the scorers of a local cloud through the client.
 */
import { SecurityOptions, type Scorer } from 'h2o-ai-cloud';
import type { ScorerSpelling } from 'h2o-ai-cloud/testing';
import { expect, it, test } from 'vitest';
import { startTestCloud } from '../support/cloud.js';
import { fixture } from '../support/csv.js';

const explanation = { fields: ['LIMIT_BAL', 'AGE'], rows: [['750000', '54']], requestShapleyValueType: 'ORIGINAL' } as const;

async function told(scorerSpelling: ScorerSpelling | undefined, model: string, ask: (scorer: Scorer) => Promise<unknown>) {
  const texts: string[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await globalThis.fetch(url, init);
    if (url.includes('/model/')) texts.push(await answer.clone().text());
    return answer;
  };
  await using test = await startTestCloud({ scorerSpelling }, { fetch });
  const params = { project: 'demo', artifact: fixture(`models/${model}.zip`), name: model, security: SecurityOptions.none() };
  const answer = await ask(test.user.scorer(await test.user.mlops.deploy(params)));
  return { answer, text: texts.join('\n') };
}

test.each<[ScorerSpelling, string, string]>([
  ['java', '"scoringResponLabels":', '"outputGroup":'],
  ['python', '"scoringResponseLabels":', '"output_group":'],
])('labels are read as the %s contract spells them', async (spelling, labels, group) => {
  const schema = await told(spelling, 'iris-glm', (scorer) => scorer.schema());
  expect(schema.text).toContain(labels);
  expect(schema.answer).toMatchObject({ scoringType: 'CLASSIFICATION', labels: ['setosa', 'versicolor', 'virginica'] });
  const explained = await told(spelling, 'credit-gbm', (scorer) => scorer.contributions(explanation));
  expect(explained.text).toContain(group);
  expect(explained.answer).toMatchObject({ contributionGroups: [{ outputGroup: '1' }] });
  expect(JSON.stringify(explained.answer)).not.toContain('output_group');
});

it('without either spelling there are no labels, as real scorers of these models answer', async () => {
  const { answer, text } = await told(undefined, 'credit-gbm', async (scorer) => [
    await scorer.schema(),
    await scorer.contributions(explanation),
  ]);
  expect(text).not.toMatch(/scoringRespon|output_?group/i);
  expect(JSON.stringify(answer)).not.toContain('abels');
});

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { AccessToken, ConfigurationError } from 'h2o-ai-cloud';
import { failureOf, fakeScorer, type Answer } from '../../support/fake-scorer.js';

const path = '/v1/chat/completions';
const question = { model: 'llama', messages: [{ role: 'user' as const, content: 'hello' }] };
const completion = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'llama',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' } }],
};

function streamed(): Response {
  const chunk = (content: string): string => `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }] })}\n\n`;
  return new Response(`${chunk('h')}${chunk('i')}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } });
}

describe('the openai package with scorer.openai()', () => {
  it('asks the deployment as the user', async () => {
    const { scorer, sent } = fakeScorer({ [path]: () => completion });
    const answer = await new OpenAI(await scorer.openai()).chat.completions.create(question);
    expect(answer.choices[0]?.message.content).toBe('hi');
    expect(sent[0]?.path).toBe(path);
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer token');
    expect(JSON.parse(sent[0]!.text)).toMatchObject(question);
  });

  it('reads an answer while it is made', async () => {
    const { scorer } = fakeScorer({ [path]: streamed });
    const stream = await new OpenAI(await scorer.openai()).chat.completions.create({ ...question, stream: true });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    expect(text).toBe('hi');
  });

  it('renews the token once, and else shows what the deployment answered', async () => {
    let issued = 0;
    const credential = {
      getToken: ({ rejected }: { readonly rejected?: string }) => {
        if (rejected !== undefined || issued === 0) issued += 1;
        return Promise.resolve(new AccessToken(`token-${issued}`));
      },
    };
    const wanting =
      (wanted: string): Answer =>
      ({ headers }) =>
        headers.get('authorization') === `Bearer ${wanted}` ? completion : Response.json({ error: {} }, { status: 401 });
    const renewing = fakeScorer({ [path]: wanting('token-2') }, { user: { credential } });
    expect((await new OpenAI(await renewing.scorer.openai()).chat.completions.create(question)).id).toBe('c');
    const refusing = fakeScorer({ [path]: wanting('never') }, { user: { credential } });
    expect(await failureOf(new OpenAI(await refusing.scorer.openai()).chat.completions.create(question))).toMatchObject({ status: 401 });
    expect(refusing.sent).toHaveLength(2);
  });

  it('sends files, whose form is of many parts', async () => {
    const { scorer, sent } = fakeScorer({ '/v1/files': () => ({ id: 'f' }) });
    const client = new OpenAI(await scorer.openai());
    await client.files.create({ file: new File(['content'], 'rows.jsonl'), purpose: 'batch' });
    expect(sent[0]?.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    expect(sent[0]?.text).toContain('content');
  });

  it('takes the token nowhere else', async () => {
    const { scorer, sent } = fakeScorer();
    const { fetch, baseURL } = await scorer.openai();
    for (const url of [
      'https://evil.example/v1/models',
      `${baseURL}/../../model/score`,
      `${baseURL}evil`,
      new Request('https://evil.example/'),
    ])
      expect(await failureOf(fetch(url))).toBeInstanceOf(ConfigurationError);
    expect(sent).toEqual([]);
  });
});

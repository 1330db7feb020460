import { describe, expect, it, test } from 'vitest';
import { inspect } from 'node:util';
import { AccessToken } from 'h2o-ai-cloud';
import { echo, failureOf, fakeScorer, tableOf, type Answer } from '../../support/fake-scorer.js';

const request = { fields: ['a'], rows: [['1']] };
const now = Math.floor(Date.now() / 1000);

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

async function refusal(token: string, options: { readonly passphrase?: string } = {}): Promise<Error> {
  const challenge = 'Bearer error="invalid_token", error_description="Signed JWT rejected"';
  const credential = { getToken: () => Promise.resolve(new AccessToken(token)) };
  const answer = (): Response => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
  return failureOf(fakeScorer({ '/model/score': answer }, { user: { credential }, ...options }).scorer.score(request));
}

describe('a 401 of a deployment that OIDC guards', () => {
  const claims = { iss: 'https://login.example.com/realms/h2o', exp: now + 300, sub: 'a-subject', email: 'someone@example.com' };

  it('shows the issuer, and the setting that must name it', async () => {
    const error = await refusal(jwt(claims));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'AUTH_REJECTED' });
    expect(error.message).toContain('(401, invalid_token)');
    expect(error.message).toContain('https://login.example.com/realms/h2o');
    expect(error.message).toContain('deployer.config.securityProxy.oidcIssuers');
    expect(error.message).toContain('names no audience');
  });

  it('shows no other value of the token', async () => {
    const error = await refusal(jwt({ ...claims, aud: ['an-audience', 'a-second'] }));
    const shown = `${inspect(error)} ${JSON.stringify(error)}`;
    expect(shown).toContain('audience (aud) may be another');
    for (const value of ['an-audience', 'a-second', 'a-subject', 'someone@', String(claims.exp), 'rejected'])
      expect(shown).not.toContain(value);
  });

  test.each<[string, string, string]>([
    ['has expired', jwt({ ...claims, exp: now - 10 }), 'The token has expired'],
    ['is no JWT', 'opaque-token', 'The token is no JWT'],
    ['names no issuer', jwt({ exp: now + 300 }), 'an issuer that it does not name'],
  ])('says so when the token %s', async (_, token, said) => {
    const error = await refusal(token);
    expect(error.message).toContain(said);
    expect(error.message).not.toContain(token);
  });
});

it('a refused passphrase is not explained as a token', async () => {
  const error = await refusal('token', { passphrase: 'open sesame' });
  expect(error.message).toContain('refused the passphrase or API key');
  expect(error.message).not.toMatch(/sesame|oidcIssuers/);
});

describe('a cell that a Python scorer refuses', () => {
  const refusing = (row: number, column: number) => (): Response => {
    const detail = [
      { type: 'string_type', loc: ['body', 'rows', row, column], msg: 'Input should be a valid string', input: 'private-cell' },
    ];
    return Response.json({ detail }, { status: 422 });
  };

  it('is named by its column in a request as it is, never by its value', async () => {
    const { scorer } = fakeScorer({ '/model/score': refusing(1, 1) });
    const error = await failureOf(
      scorer.score({
        fields: ['a', 'income'],
        rows: [
          ['1', 'x'],
          ['2', 'y'],
        ],
      }),
    );
    expect(error).toMatchObject({
      code: 'SCORING_FAILED',
      status: 422,
      problems: [{ row: 1, column: 'income', problem: 'was refused (string_type)' }],
    });
    expect(error.message).toContain('row 1, column "income" was refused');
    expect(`${inspect(error)} ${JSON.stringify(error)}`).not.toContain('private-cell');
  });

  it.each(['contributions', 'scoreMedia'] as const)('is named by its column by %s', async (method) => {
    const fields = ['a', 'income'];
    const capabilities = (): unknown => ['SCORE', 'CONTRIBUTION_ORIGINAL', 'MEDIA'];
    const answers = { '/model/contribution': refusing(0, 1), '/model/media-score': refusing(0, 1), '/model/capabilities': capabilities };
    const { scorer } = fakeScorer(answers);
    const rows = [['1', 'x']];
    const work =
      method === 'contributions'
        ? scorer.contributions({ fields, rows, requestShapleyValueType: 'ORIGINAL' })
        : scorer.scoreMedia({ fields, rows }, [{ name: 'x', content: Buffer.from('x') }]);
    expect(await failureOf(work)).toMatchObject({ problems: [{ row: 0, column: 'income' }] });
  });

  it('is named by its column and its own row among the rows of a list', async () => {
    const answer: Answer = (request) => {
      const at = tableOf(request).rows.findIndex(([, b]) => b === 'bad');
      return at < 0 ? echo(request) : refusing(at, 1)();
    };
    const { scorer } = fakeScorer({ '/model/score': answer });
    const rows = ['fine', 'fine', 'bad', 'fine'].map((b, a) => ({ a, b }));
    const error = await failureOf(scorer.scoreRows(rows));
    expect(error).toMatchObject({ problems: [{ row: 2, column: 'b', problem: 'was refused (string_type) (422)' }] });
    expect(error.message).toContain('row 2, column "b" was refused');
  });

  it('keeps its position to itself where no column is known to stand there', async () => {
    const { scorer } = fakeScorer({ '/model/score': refusing(0, 7) });
    const error = await failureOf(scorer.score(request));
    expect(error).toMatchObject({ problems: [{ row: 0, problem: 'was refused (string_type)' }] });
    expect(error.message).toContain('row 0 was refused');
  });
});

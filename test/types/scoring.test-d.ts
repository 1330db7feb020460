import { expectTypeOf, test } from 'vitest';
import type { Deployment, DeploymentRef, List, Project, ScoredCell, Scorer, SecurityInput, SecurityOption, User } from 'h2o-ai-cloud';

declare const scorer: Scorer;
declare const user: User;
declare const deployment: Deployment;

test('a tuple of rows gives a tuple of the same length, so that its members need no check', async () => {
  const [first, second] = await scorer.scoreRows([{ a: 1 }, { a: null }]);
  expectTypeOf(first['score']).toEqualTypeOf<ScoredCell | undefined>();
  expectTypeOf(second).not.toBeUndefined();
  // @ts-expect-error -- there is no third row
  const [, , third] = await scorer.scoreRows([{ a: 1 }, { a: 2 }]);
  expectTypeOf(third).toBeUndefined();
});

test('rows of unknown length give an array', async () => {
  const rows: readonly { readonly a: number }[] = [];
  const scored = await scorer.scoreRows(rows);
  expectTypeOf(scored[0]).toEqualTypeOf<Readonly<Record<string, ScoredCell>> | undefined>();
});

test('the types of rows and predictions can be given', async () => {
  interface Row {
    readonly [column: string]: number;
    readonly AGE: number;
  }
  interface Prediction {
    readonly [column: string]: number;
    readonly p1: number;
  }
  const typed = user.scorer<Row, Prediction>(deployment);
  const [row] = await typed.scoreRows([{ AGE: 54 }]);
  expectTypeOf(row.p1).toEqualTypeOf<number>();
  // @ts-expect-error -- text is no number
  void typed.scoreRows([{ AGE: 'old' }]);
});

test('rows and predictions may be interfaces without an index', async () => {
  interface Applicant {
    AGE: number | null;
  }
  interface Risk {
    p1: number;
  }
  const typed = user.scorer<Applicant, Risk>(deployment);
  const [row] = await typed.scoreRows([{ AGE: 54 }]);
  expectTypeOf(row.p1).toEqualTypeOf<number>();
  const [explained] = await typed.scoreRows([{ AGE: 54 }], { contributions: 'ORIGINAL' });
  expectTypeOf(explained.row).toEqualTypeOf<Risk>();
  expectTypeOf(explained.contributions).toEqualTypeOf<Readonly<Record<string, ScoredCell>> | undefined>();
  // @ts-expect-error -- a row holds cells
  user.scorer<{ AGE: object }>(deployment);
});

test('a stream gives what its rows give', () => {
  const typed = user.scorer<{ AGE: number }, { p1: number }>(deployment);
  expectTypeOf(typed.scoreStream([{ AGE: 54 }])).toExtend<AsyncIterable<{ p1: number }>>();
  expectTypeOf(typed.scoreStream('rows.csv', { contributions: 'ORIGINAL' }).batches()).toExtend<
    AsyncIterable<readonly { readonly row: { p1: number } }[]>
  >();
  // @ts-expect-error -- a row lacks a column
  typed.scoreStream([{}]);
});

test('a list is not a promise of its first page', () => {
  expectTypeOf<List<Project>>().not.toHaveProperty('then');
  expectTypeOf(user.mlops.projects.list()).toExtend<AsyncIterable<Project>>();
});

test('what is read can be passed in', () => {
  expectTypeOf<Deployment['security']>().toExtend<SecurityInput>();
  expectTypeOf<Deployment>().toExtend<DeploymentRef>();
  expectTypeOf<SecurityOption['type']>().toEqualTypeOf<'none' | 'oidc' | 'apiKey' | 'passphrase' | 'unknown'>();
});

test('a child is not passed by a bare id', () => {
  // @ts-expect-error -- a bare id does not say in which project it is
  void user.mlops.deployments.get('id');
  void user.mlops.projects.get('id');
});

/**
 * What the cases are run against: the same models behind every kind of scorer, each with a proxy before it that checks the messages.
 */
import { H2OCloud, SecurityOptions } from 'h2o-ai-cloud';
import type { SecurityInput, User } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud, ScorerContract } from 'h2o-ai-cloud/testing';
import { installScorers, startContractChecks, startJavaScorers, startPythonScorers } from '../lab/scorers.js';
import type { ContractCheck, JavaScorer, Started } from '../lab/scorers.js';
import { accessTokenOf } from '../support/cloud.js';
import { fixture } from '../support/csv.js';

export const models = ['credit-gbm', 'credit-glm', 'iris-glm'] as const;
export type Model = (typeof models)[number];

export const passphrase = 'open sesame';

/** One kind of scorer. */
export interface Target {
  readonly contract: 'java' | 'python';
  /** Of the framework, for the Python contract. */
  readonly generation?: 1 | 2;
  readonly user: User;
  /** The score address of each model, behind the check of its contract. */
  readonly checked: Readonly<Record<Model, string>>;
  /** The same, past the check, which cannot read the bare word that `/readyz` answers: that is looked at in {@link messages}. */
  readonly direct: Readonly<Record<Model, string>>;
  /** Of credit-gbm, guarded by {@link passphrase}, behind the check. */
  readonly guarded: string;
  /** Of credit-gbm, for users of the target's cloud only, behind the check; the Python contract has no such scorer. */
  readonly forUsers?: string;
  /** Tells how what was sent and answered breaks the contract. */
  readonly messages: readonly CheckedMessage[];
}

/** A request to a scorer. */
export interface CheckedMessage {
  readonly call: string;
  /** Whether it went through a check; others are here to be counted. */
  readonly isChecked: boolean;
  readonly status: number;
  readonly violations: readonly Violation[];
}

export interface Violation {
  readonly location: readonly string[];
  readonly message: string;
}

export const targetNames = [
  'the Java scorer',
  'the Python contract, pydantic 1',
  'the Python contract, pydantic 2',
  'the local cloud as Java',
  'the local cloud as Python, pydantic 1',
  'the local cloud as Python, pydantic 2',
] as const;
export type TargetName = (typeof targetNames)[number];

interface Scorers {
  readonly contract: 'java' | 'python';
  readonly generation?: 1 | 2;
  /** Of the models, in their order. */
  readonly origins: readonly string[];
  readonly guarded: string;
  readonly forUsers?: string;
  readonly local: RunningCloud;
}

export interface Targets {
  readonly target: (name: TargetName) => Target;
  readonly stop: () => Promise<void>;
}

/** Starts them all. */
export async function startTargets(): Promise<Targets> {
  await installScorers();
  const contracts: readonly ScorerContract[] = ['java', 'python-pydantic1', 'python-pydantic2'];
  const clouds = await Promise.all(
    contracts.map((scorerContract) =>
      startLocalCloud({ healthyAfterMs: 0, scorerContract, scorerSpelling: scorerContract === 'java' ? 'java' : 'python' }),
    ),
  );
  const [local] = clouds;
  if (local === undefined) throw new Error('There is no local cloud.');
  const java = await startJavaScorers(javaScorers(await issuerOf(local)));
  const [first, second] = await Promise.all([startPythonScorers(1, inFrontOf(java)), startPythonScorers(2, inFrontOf(java))]);
  const deployed = await Promise.all(clouds.map(deployedScorers));
  const all: readonly Scorers[] = [
    { contract: 'java', local, ...ofModels(java), forUsers: java.origins[models.length + 1] ?? '' },
    { contract: 'python', generation: 1, local, ...ofModels(first) },
    { contract: 'python', generation: 2, local, ...ofModels(second) },
    ...deployed,
  ];
  const checks = await startContractChecks(all.flatMap(checksOf));
  const free = [...checks.origins];
  const targets = new Map(all.map((scorers, index) => [targetNames[index], toTarget(scorers, free.splice(0, checksOf(scorers).length))]));
  return {
    target(name) {
      const target = targets.get(name);
      if (target === undefined) throw new Error(`There is no ${name}.`);
      return target;
    },
    async stop() {
      await Promise.all([...[java, first, second, checks].map((started) => started.stop()), ...clouds.map((cloud) => cloud.close())]);
    },
  };
}

const ofModels = ({ origins }: Started): { origins: readonly string[]; guarded: string } => ({
  origins: origins.slice(0, models.length),
  guarded: origins[models.length] ?? '',
});

const mojoOf = (model: Model): string => fixture(`models/${model}.zip`);

function javaScorers(issuer: string): readonly JavaScorer[] {
  const gbm: JavaScorer = { mojo: mojoOf('credit-gbm'), id: 'credit-gbm', shapley: 'ALL' };
  const open = models.map((model) => (model === 'credit-gbm' ? gbm : { mojo: mojoOf(model), id: model }));
  return [...open, { ...gbm, passphrase }, { ...gbm, issuer }];
}

/** A Python scorer for each model, and one with a passphrase. */
const inFrontOf = ({ origins }: Started): readonly { backend: string; passphrase?: string }[] => [
  ...models.map((_, index) => ({ backend: origins[index] ?? '' })),
  { backend: origins[0] ?? '', passphrase },
];

/** Of the models first. */
const checksOf = ({ contract, origins, guarded, forUsers }: Scorers): readonly ContractCheck[] =>
  [...origins, guarded, ...(forUsers === undefined ? [] : [forUsers])].map((upstream) => ({ contract, upstream }));

async function issuerOf(local: RunningCloud): Promise<string> {
  return (await local.describe()).issuer;
}

/** The models as deployments of a local cloud, made with the SDK. */
async function deployedScorers(local: RunningCloud, index: number): Promise<Scorers> {
  const user = new H2OCloud({ env: local.env, tokenStore: 'memory' }).onBehalfOf({ accessToken: accessTokenOf(local, 'alice') });
  const deploy = async (model: Model, security: SecurityInput, name: string = model): Promise<string> => {
    const { id } = await user.mlops.deploy({ project: 'models', artifact: mojoOf(model), name, security });
    return `${local.url}/${id}`;
  };
  const origins: string[] = [];
  for (const model of models) origins.push(await deploy(model, SecurityOptions.none()));
  const guarded = await deploy('credit-gbm', SecurityOptions.passphrase(passphrase), 'guarded');
  if (index === 0)
    return { contract: 'java', local, origins, guarded, forUsers: await deploy('credit-gbm', SecurityOptions.oidc(), 'for-users') };
  return { contract: 'python', generation: index === 1 ? 1 : 2, local, origins, guarded };
}

function toTarget(scorers: Scorers, checks: readonly string[]): Target {
  const { contract, generation, origins, local } = scorers;
  const [guarded = '', forUsers] = checks.slice(models.length);
  const messages: CheckedMessage[] = [];
  const cloud = new H2OCloud({
    env: local.env,
    tokenStore: 'memory',
    retry: { limit: 0 },
    trustedScorerOrigins: [...checks, ...origins].map((address) => new URL(address).origin),
    fetch: recording({ contract, checks, messages }),
  });
  return {
    contract,
    ...(generation === undefined ? {} : { generation }),
    user: cloud.onBehalfOf({ accessToken: accessTokenOf(local, 'alice') }),
    checked: addresses(checks),
    direct: addresses(origins),
    guarded: `${guarded}/model/score`,
    ...(forUsers === undefined ? {} : { forUsers: `${forUsers}/model/score` }),
    messages,
  };
}

function addresses(origins: readonly string[]): Record<Model, string> {
  const [gbm = '', glm = '', iris = ''] = origins.map((origin) => `${origin}/model/score`);
  return { 'credit-gbm': gbm, 'credit-glm': glm, 'iris-glm': iris };
}

interface Recording extends Pick<Scorers, 'contract'> {
  readonly checks: readonly string[];
  readonly messages: CheckedMessage[];
}

/** The check writes what is wrong into a header of each answer. */
function recording({ contract, checks, messages }: Recording): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const isChecked = checks.includes(new URL(url).origin);
    // The check passes on that a body came in chunks, beside the length that it writes itself, and servers refuse a request with both.
    const body = isChecked && init.body instanceof ReadableStream ? await new Response(init.body).arrayBuffer() : init.body;
    const answer = await fetch(url, { ...init, ...(body === undefined ? {} : { body }) });
    const [path] = /(?:\/model\/[^/]+|\/readyz)$/.exec(new URL(url).pathname) ?? [];
    if (path === undefined) return answer;
    const header = answer.headers.get('sl-violations');
    const violations = path === '/readyz' ? readinessViolations(contract, answer) : header === null ? [] : violationsIn(header);
    messages.push({ call: `${init.method ?? 'GET'} ${path}`, isChecked, status: answer.status, violations });
    return answer;
  };
}

/** The Java contract publishes the path, with a JSON text that its scorer leaves the quotes out of; the Python contract does not have it. */
function readinessViolations(contract: Scorers['contract'], { status, headers }: Response): readonly Violation[] {
  const type = contract === 'java' ? 'application/json' : 'text/plain';
  if ((status === 200 || status === 500) && headers.get('content-type')?.split(';')[0] === type) return [];
  return [{ location: ['response'], message: `must be ${type} with 200 or 500` }];
}

function violationsIn(header: string): readonly Violation[] {
  const parsed: unknown = JSON.parse(header);
  if (!Array.isArray(parsed)) throw new Error('The check said something else than a list.');
  const violations = parsed.map((entry: { location?: readonly string[]; message?: string }) => ({
    location: entry.location ?? [],
    message: entry.message ?? '',
  }));
  // Of several parts with one name the check keeps the last, and as a text.
  return violations.filter(({ message }) => message !== 'Request body property files must be array');
}

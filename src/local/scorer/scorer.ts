/**
 * The scorers of a local cloud, one for each deployment, below one path segment: finds the deployment, checks who asks, and lets the contract
 * that it follows answer. Which deployments there are, and who may use them, it asks its host.
 */
import { Hono } from 'hono';
import type { Answer, Call, Refuse, ScorerContract, ScorerModel } from './contract.js';
import { answerAsJava, refuseAsJava } from './java-contract.js';
import { answerAsPython, refuseAsPython } from './python-contract.js';

export type { ScorerModel } from './contract.js';

export type ScorerAccess =
  | 'allowed'
  /** With a challenge the answer is a resource server's (no body), without one a passphrase check's (`Unauthorized`). */
  | { readonly status: 401; readonly wwwAuthenticate?: string };

/** The cloud around the scorers. */
export interface ScorerHost {
  /** The model that a deployment serves; `notReady` while it starts (503), `undefined` when there is no such deployment (404). */
  find(deploymentId: string): ScorerModel | 'notReady' | undefined;
  /** Whether the value of the `Authorization` header opens this deployment. `/readyz` is open to all. */
  authorize(deploymentId: string, authorization: string | undefined): Promise<ScorerAccess>;
}

const contracts: Readonly<Record<ScorerContract, { readonly answer: Answer; readonly refuse: Refuse }>> = {
  java: { answer: answerAsJava, refuse: refuseAsJava },
  'python-pydantic1': { answer: (call) => answerAsPython(call, 1), refuse: refuseAsPython },
  'python-pydantic2': { answer: (call) => answerAsPython(call, 2), refuse: refuseAsPython },
};

/**
 * The scorers of all deployments: `/{deployment}/model/score` and its siblings, `/{deployment}/readyz`.
 *
 * @example
 * app.route('/', scorerApp({ find: (id) => models.get(id), authorize: () => Promise.resolve('allowed') }));
 */
export function scorerApp(host: ScorerHost): Hono {
  const app = new Hono();
  for (const pattern of ['/:deployment/readyz', '/:deployment/model/*']) {
    app.all(pattern, ({ req }) => {
      const deployment = req.param('deployment') ?? '';
      const path = new URL(req.url).pathname.replace(/^\/[^/]+/, '');
      return answerFrom(host, deployment, { request: req.raw, path });
    });
  }
  return app;
}

async function answerFrom(host: ScorerHost, deployment: string, { request, path }: Omit<Call, 'model'>): Promise<Response> {
  const model = host.find(deployment);
  if (model === undefined) return new Response('There is no such deployment.', { status: 404 });
  if (model === 'notReady') return new Response('The deployment is not ready.', { status: 503 });
  const { answer, refuse } = contracts[model.contract ?? 'java'];
  if (path !== '/readyz') {
    const access = await host.authorize(deployment, request.headers.get('authorization') ?? undefined);
    if (access !== 'allowed') return access.wwwAuthenticate === undefined ? refuse({ path }) : challenged(access.wwwAuthenticate);
  }
  return answer({ request, model, path });
}

const challenged = (wwwAuthenticate: string): Response =>
  new Response(null, { status: 401, headers: { 'www-authenticate': wwwAuthenticate } });

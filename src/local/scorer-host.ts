/**
 * What the scorers ask their cloud: which model a deployment serves, and who may use it.
 */
import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { bearerToken } from './access.js';
import type { Access } from './access.js';
import type { GatewayContext } from './mlops/context.js';
import { keyDigest } from './mlops/deployments/protection.js';
import { deploymentState } from './mlops/deployments/states.js';
import { loadModel } from './models.js';
import type { ScorerAccess, ScorerHost, ScorerModel } from './scorer.js';
import type { Deployment, DeploymentElement, Protection } from './state.js';

type ScorerHostContext = Pick<GatewayContext, 'state' | 'clock' | 'healthyAfterMs'>;

export function scorerHost({ state, clock, healthyAfterMs }: ScorerHostContext, access: Access): ScorerHost {
  /** How many requests a deployment has had: a split takes its elements in turn, by weight. */
  const turns = new Map<string, number>();

  const elementInTurn = (deployment: Deployment): DeploymentElement | undefined => {
    if (deployment.mode !== 'split') return deployment.elements[0];
    const turn = turns.get(deployment.id) ?? 0;
    turns.set(deployment.id, turn + 1);
    return weighted(deployment.elements, turn);
  };

  /** What is in a deleted workspace serves nobody. */
  const serving = (deploymentId: string): Deployment | undefined => {
    const deployment = state.deployments.get(deploymentId);
    return state.projects.get(deployment?.projectId ?? '')?.deletedAt === undefined ? deployment : undefined;
  };

  return {
    find(deploymentId): ScorerModel | 'notReady' | undefined {
      const deployment = serving(deploymentId);
      if (deployment === undefined) return undefined;
      if (deploymentState(deployment, clock.now(), healthyAfterMs).state !== 'HEALTHY') return 'notReady';
      const element = elementInTurn(deployment);
      const outcome = loadModel(state.artifacts.get(element?.artifactId ?? ''));
      return 'mojo' in outcome ? { mojo: outcome.mojo, modelId: element?.experimentId } : 'notReady';
    },
    async authorize(deploymentId, authorization): Promise<ScorerAccess> {
      const securities = serving(deploymentId)?.securities ?? [];
      return authorised(
        securities.map(({ protection }) => protection),
        { authorization, access },
      );
    },
  };
}

/** The element whose share of the weights this turn falls into. */
export function weighted<Element extends Pick<DeploymentElement, 'weight'>>(
  elements: readonly Element[],
  turn: number,
): Element | undefined {
  const total = elements.reduce((sum, element) => sum + element.weight, 0);
  let position = turn % total;
  return elements.find((element) => {
    position -= element.weight;
    return position < 0;
  });
}

/** Any one of the protections that is passed opens the door. */
async function authorised(
  protections: readonly Protection[],
  { authorization, access }: { authorization: string | undefined; access: Access },
): Promise<ScorerAccess> {
  const given = bearerToken(authorization);
  for (const protection of protections) {
    if (protection.kind === 'none') return 'allowed';
    if (given !== undefined && (await opens(protection, { given, authorization, access }))) return 'allowed';
  }
  if (!protections.some(({ kind }) => kind === 'oidc')) return { status: 401 };
  return { status: 401, wwwAuthenticate: given === undefined ? 'Bearer' : 'Bearer error="invalid_token"' };
}

async function opens(
  protection: Protection,
  { given, authorization, access }: { given: string; authorization: string | undefined; access: Access },
): Promise<boolean> {
  switch (protection.kind) {
    case 'none':
      return true;
    case 'oidc':
      return (await access.caller(authorization)) !== undefined;
    case 'passphrase':
      return isPassphrase(given, protection);
    case 'api-key':
      return areEqual(Buffer.from(keyDigest(given)), Buffer.from(protection.digest));
  }
}

const derive = promisify(pbkdf2);

/** Whether a plain passphrase is the one that is kept. One kept as bcrypt opens nothing: Node has no bcrypt to compare it with. */
async function isPassphrase(plain: string, { hash, hashType }: Extract<Protection, { kind: 'passphrase' }>): Promise<boolean> {
  if (hashType === 'PLAINTEXT') return areEqual(Buffer.from(plain), Buffer.from(hash));
  const [, digest, iterations, salt, hex] = /^pbkdf2:(sha256|sha512):(\d+)\$([^$]+)\$((?:[0-9a-f]{2})+)$/i.exec(hash) ?? [];
  if (digest === undefined || salt === undefined || hex === undefined) return false;
  const expected = Buffer.from(hex, 'hex');
  // Fails for a count of iterations that none can have.
  const derived = await derive(plain, salt, Number(iterations), expected.length, digest).catch(() => undefined);
  return derived !== undefined && areEqual(derived, expected);
}

const areEqual = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

/**
 * What the scorers ask their cloud: which model a deployment serves, and who may use it.
 */
import { timingSafeEqual } from 'node:crypto';
import { bearerToken } from './access.js';
import type { Access } from './access.js';
import type { GatewayContext } from './mlops/context.js';
import { keyDigest } from './mlops/deployments/protection.js';
import { deploymentState } from './mlops/deployments/states.js';
import { loadModel } from './models.js';
import type { Deployment, DeploymentElement, Protection } from './state.js';
import type { ScorerContract, ScorerModel, ScorerSpelling, ShapleyTypes } from './scorer/contract.js';
import { passphraseCheck } from './scorer/passphrase.js';
import type { PassphraseCheck } from './scorer/passphrase.js';
import type { ScorerAccess, ScorerHost } from './scorer/scorer.js';
import { tokenRefusal } from './scorer/token-refusal.js';

interface ScorerHostContext extends Pick<GatewayContext, 'state' | 'clock' | 'healthyAfterMs'> {
  readonly scorerContract: ScorerContract;
  readonly scorerSpelling: ScorerSpelling | undefined;
}

export function scorerHost(context: ScorerHostContext, access: Access): ScorerHost {
  const { state, clock, healthyAfterMs, scorerContract: contract, scorerSpelling: spelling } = context;
  const isPassphrase = passphraseCheck();
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
      if (!('mojo' in outcome)) return 'notReady';
      return { mojo: outcome.mojo, modelId: element?.experimentId, contract, shapleyTypes: shapleyTypes(element), spelling };
    },
    async authorize(deploymentId, authorization): Promise<ScorerAccess> {
      const securities = serving(deploymentId)?.securities ?? [];
      return authorised(
        securities.map(({ protection }) => protection),
        { authorization, access, isPassphrase, now: clock.now() },
      );
    },
  };
}

/** The setting by which a deployment chooses what its scorer explains. */
const shapleySetting = 'SHAPLEY_TYPES_ENABLED';
const shapleySettings: readonly ShapleyTypes[] = ['NONE', 'ORIGINAL', 'TRANSFORMED', 'ALL'];

function shapleyTypes(element: DeploymentElement | undefined): ShapleyTypes | undefined {
  return shapleySettings.find((setting) => setting === element?.environmentVariables[shapleySetting]);
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

interface Caller {
  readonly authorization: string | undefined;
  readonly access: Access;
  readonly isPassphrase: PassphraseCheck;
  readonly now: number;
}

/** Any one of the protections that is passed opens the door. */
async function authorised(protections: readonly Protection[], caller: Caller): Promise<ScorerAccess> {
  const given = bearerToken(caller.authorization);
  for (const protection of protections) {
    if (protection.kind === 'none') return 'allowed';
    if (given !== undefined && (await opens(protection, given, caller))) return 'allowed';
  }
  return protections.some(({ kind }) => kind === 'oidc') ? { status: 401, wwwAuthenticate: challenge(given, caller) } : { status: 401 };
}

function challenge(given: string | undefined, { authorization, access, now }: Caller): string {
  const isEmpty = given === undefined && /^bearer *$/i.test(authorization ?? '');
  return given === undefined && !isEmpty ? 'Bearer' : tokenRefusal(given ?? '', access.issuers, now);
}

async function opens(protection: Protection, given: string, { authorization, access, isPassphrase }: Caller): Promise<boolean> {
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

const areEqual = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

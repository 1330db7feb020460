/**
 * What an update leaves of a deployment: the whole of what was sent, or only what the field mask names. Pure.
 */
import type { DeploymentElement, DeploymentPlan } from '../../state.js';
import { invalidArgument } from '../rpc-error.js';
import { wholePlan } from './plan.js';
import type { Models, PlanParts } from './plan.js';

/** One aspect of every element, taken from what was sent. */
function elementsWith(
  old: Models,
  sent: Models,
  pick: (element: DeploymentElement) => Partial<DeploymentElement>,
): Partial<DeploymentPlan> {
  if (old.mode !== sent.mode || old.elements.length !== sent.elements.length)
    throw invalidArgument('update_mask names a part of elements that the deployment does not have');
  return { elements: old.elements.map((element, index) => ({ ...element, ...pick(sent.elements[index] ?? element) })) };
}

type Change = (old: DeploymentPlan, sent: PlanParts) => Partial<DeploymentPlan>;

const changeOfResources: Change = (old, sent) => elementsWith(old, sent.models(), ({ resources }) => ({ resources }));
const changeOfShortcuts: Change = (old, sent) =>
  elementsWith(old, sent.models(), ({ affinity, toleration, replicaSpread }) => ({ affinity, toleration, replicaSpread }));
const changeOfVariables: Change = (old, sent) => elementsWith(old, sent.models(), ({ environmentVariables }) => ({ environmentVariables }));
const changeOfScaling: Change = (old, sent) => elementsWith(old, sent.models(), ({ verticalScaling }) => ({ verticalScaling }));
const changeOfDisruption: Change = (old, sent) => elementsWith(old, sent.models(), ({ disruptionBudget }) => ({ disruptionBudget }));
const changeOfModels: Change = (_, sent) => sent.models();

const changeOfSecurities: Change = (_, sent) => ({ securities: sent.securities() });
const changeOfCors: Change = (_, sent) => ({ corsOrigins: sent.corsOrigins() });
const changeOfMonitoring: Change = (_, sent) => ({ monitor: sent.monitor(), monitoringOptions: sent.monitoringOptions() });

/** By the last name in a path; what is above it says only which kind of deployment is meant. */
const changes: ReadonlyMap<string, Change> = new Map([
  ['displayName', (_, sent) => ({ name: sent.name() })],
  ['description', (_, sent) => ({ description: sent.description() })],
  ['security', changeOfSecurities],
  ['securities', changeOfSecurities],
  ['monitor', (_, sent) => ({ monitor: sent.monitor() })],
  ['monitoringOptions', (_, sent) => ({ monitoringOptions: sent.monitoringOptions() })],
  ['monitoring', changeOfMonitoring],
  ['customCors', changeOfCors],
  ['cors', changeOfCors],
  ['singleDeployment', changeOfModels],
  ['splitDeployment', changeOfModels],
  ['shadowDeployment', changeOfModels],
  ['splitElements', changeOfModels],
  ['kubernetesResourceSpec', changeOfResources],
  ['kubernetesConfigurationShortcut', changeOfShortcuts],
  ['kubernetesConfigShortcut', changeOfShortcuts],
  ['deploymentEnvironmentVariables', changeOfVariables],
  ['environmentVariables', changeOfVariables],
  ['runtimeEnvironmentVariables', changeOfVariables],
  ['vpaSpec', changeOfScaling],
  ['podDisruptionBudget', changeOfDisruption],
]);

const changeNamed = (path: string): Change | undefined => {
  const names = path.split('.');
  const last = names.at(-1) ?? '';
  return changes.get(last === 'cpu' || last === 'memory' ? (names.at(-2) ?? '') : last);
};

export function updatedPlan(old: DeploymentPlan, sent: PlanParts, paths: readonly string[]): DeploymentPlan {
  if (paths.length === 0) return wholePlan(sent);
  return paths.reduce<DeploymentPlan>((plan, path) => {
    const change = changeNamed(path);
    if (change === undefined) throw invalidArgument(`update_mask: ${path} cannot be updated`);
    return { ...plan, ...change(plan, sent) };
  }, old);
}

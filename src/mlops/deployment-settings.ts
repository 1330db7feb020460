/**
 * How a deployment runs: copies, resources, placement, environment, monitoring. One vocabulary for all platforms, checked before
 * anything is sent.
 */
import { memberOf, objectWith, orNull, text, textByName, texts, truth, wholeNumber, type Kind } from '../http/given.js';

/** Kubernetes quantities by resource name, for instance `{ cpu: '100m', memory: '256Mi' }`. */
export type Quantities = Readonly<Record<string, string>>;

/** Bounds within which the platform may change a request. */
export interface ScalingBounds {
  readonly min: number;
  readonly max: number;
  /** Cores or thousandths of one for `cpu`; mebibytes or gibibytes for `memory`. */
  readonly unit: 'CORES' | 'MILLICORES' | 'MIB' | 'GIB';
}

/** How much of a deployment may be down at a time when nodes are drained: a number of copies, or a part of them in per cent. */
export type Disruption = { readonly minAvailable: number | `${number}%` } | { readonly maxUnavailable: number | `${number}%` };

/** The kinds of values in a column that is monitored; others pass through as they are. */
export type LogicalType = 'NUMERICAL' | 'CATEGORICAL' | 'DATETIME' | 'TEXT' | 'IMAGE' | 'TIMESTAMP' | 'ID' | (string & {});

/** A column that is monitored. */
export interface MonitoredColumn {
  readonly name: string;
  readonly logicalType: LogicalType;
  /** Whether the model gives it, rather than takes it. */
  readonly isModelOutput?: boolean | undefined;
}

/** What a column was like in training, for drift to be measured against. */
export interface BaselineColumn extends MonitoredColumn {
  readonly missingRows?: number | undefined;
  /** `binCount` has one more entry than `binEdges`: the outermost bins have no end. */
  readonly numerical?:
    | {
        readonly binEdges: readonly number[];
        readonly binCount: readonly number[];
        readonly mean: number;
        readonly standardDeviation: number;
        readonly min: number;
        readonly max: number;
        readonly sum: number;
      }
    | undefined;
  /** How often each value occurs. */
  readonly categorical?: Readonly<Record<string, number>> | undefined;
}

export interface Monitoring {
  readonly enabled: boolean;
  readonly timestampColumn?: string | undefined;
  readonly columns?: readonly MonitoredColumn[] | undefined;
  readonly baseline?: readonly BaselineColumn[] | undefined;
}

/** How a deployment runs. What is unset is the platform's choice; it counts for every model of the deployment. */
export interface DeploymentSettings {
  /** How many copies run; 0 means scaled down. */
  readonly replicas?: number | undefined;
  readonly resources?: { readonly limits?: Quantities | undefined; readonly requests?: Quantities | undefined } | undefined;
  /** Name of an affinity shortcut that the administrator has defined; `null` clears it. */
  readonly affinity?: string | null | undefined;
  /** Name of a toleration shortcut that the administrator has defined; `null` clears it. */
  readonly toleration?: string | null | undefined;
  /** The scorer's environment; replaces the whole set, and `null` clears it. */
  readonly environmentVariables?: Readonly<Record<string, string>> | null | undefined;
  readonly monitoring?: Monitoring | undefined;
  /** Origins of web pages that may call the scorer; `null` clears them. */
  readonly corsOrigins?: readonly string[] | null | undefined;
  /** Lets the platform fit the requests to the load; `null` clears it. */
  readonly autoscaling?: { readonly cpu?: ScalingBounds | undefined; readonly memory?: ScalingBounds | undefined } | null | undefined;
  /** `null` clears it. */
  readonly disruption?: Disruption | null | undefined;
}

/** Checked settings: what is cleared is empty. */
export interface CheckedSettings extends DeploymentSettings {
  readonly environmentVariables?: Readonly<Record<string, string>> | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

const finite: Kind = { name: 'a number', accepts: (value) => Number.isFinite(value) };

const boundsKind: Kind = {
  name: "an object with min and max (numbers, min not above max) and unit ('CORES', 'MILLICORES', 'MIB' or 'GIB')",
  accepts: (value) => {
    const [min, max, unit] = ['min', 'max', 'unit'].map((name) => memberOf(value, name));
    return (
      typeof min === 'number' &&
      typeof max === 'number' &&
      min >= 0 &&
      min <= max &&
      typeof unit === 'string' &&
      ['CORES', 'MILLICORES', 'MIB', 'GIB'].includes(unit)
    );
  },
};

const disruptionKind: Kind = {
  name: "an object with either minAvailable or maxUnavailable, a whole number or a text such as '50%'",
  accepts: (value) => {
    const given = ['minAvailable', 'maxUnavailable'].map((name) => memberOf(value, name)).filter((part) => part !== undefined);
    const [part] = given;
    return given.length === 1 && (wholeNumber.accepts(part) || (typeof part === 'string' && /^(?:100|\d{1,2})%$/.test(part)));
  },
};

const listWith = (kinds: Readonly<Record<string, Kind>>, required: readonly string[]): Kind => ({
  name: `a list of ${objectWith(kinds).name}`,
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((entry) => objectWith(kinds).accepts(entry) && required.every((name) => memberOf(entry, name) !== undefined)),
});

const columnKinds = { name: text, logicalType: text, isModelOutput: truth };
const baselineKinds: Readonly<Record<string, Kind>> = {
  ...columnKinds,
  missingRows: wholeNumber,
  numerical: objectWith({ mean: finite, standardDeviation: finite, min: finite, max: finite, sum: finite }),
  categorical: { name: 'an object with counts', accepts: (value) => typeof value === 'object' && value !== null },
};

export const settingsKinds: Readonly<Record<string, Kind>> = {
  replicas: wholeNumber,
  resources: objectWith({ limits: textByName, requests: textByName }),
  affinity: orNull(text),
  toleration: orNull(text),
  environmentVariables: orNull(textByName),
  monitoring: objectWith({
    enabled: truth,
    timestampColumn: text,
    columns: listWith(columnKinds, ['name', 'logicalType']),
    baseline: listWith(baselineKinds, ['name', 'logicalType']),
  }),
  corsOrigins: orNull(texts),
  autoscaling: orNull(objectWith({ cpu: boundsKind, memory: boundsKind })),
  disruption: orNull(disruptionKind),
};

/** The settings alone, copied out of whatever else a caller's object holds. */
export function settingsOf(params: DeploymentSettings): CheckedSettings {
  const { replicas, resources, affinity, toleration, monitoring, autoscaling, disruption } = params;
  const environmentVariables = params.environmentVariables === null ? {} : params.environmentVariables;
  const corsOrigins = params.corsOrigins === null ? [] : params.corsOrigins;
  return { replicas, resources, affinity, toleration, environmentVariables, monitoring, corsOrigins, autoscaling, disruption };
}

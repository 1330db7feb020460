/**
 * Monitoring of a deployment, as both deployers have it: the same messages, with columns under other names.
 */
import type { BaselineColumn, MonitoredColumn, Monitoring } from '../deployment-settings.js';
import { compact } from './rpc.js';
import { numberAt, objectAt, objectsAt, textAt, type WireObject } from './wire-object.js';

/** Under which members a deployer has the name of a column. */
export interface ColumnNames {
  readonly column: string;
  readonly baselineColumn: string;
  /** Whether a baseline says if the model gives its column. */
  readonly baselineHasOutput: boolean;
}

export function toMonitoring(enabled: boolean, wire: WireObject | undefined, names: ColumnNames): Monitoring {
  const columns = objectsAt(wire, 'columns').map((column) => toColumn(column, names.column));
  const baseline = objectsAt(wire, 'baselineAggregations').map((column) => toBaseline(column, names.baselineColumn));
  return {
    enabled,
    ...compact({
      timestampColumn: textAt(wire, 'timestampColumn'),
      columns: columns.length === 0 ? undefined : columns,
      baseline: baseline.length === 0 ? undefined : baseline,
    }),
  };
}

function toColumn(wire: WireObject, nameMember: string): MonitoredColumn {
  return {
    name: textAt(wire, nameMember) ?? '',
    logicalType: textAt(wire, 'logicalType') ?? 'LOGICAL_TYPE_UNSPECIFIED',
    isModelOutput: wire['isModelOutput'] === true,
  };
}

function toBaseline(wire: WireObject, nameMember: string): BaselineColumn {
  const numerical = objectAt(wire, 'numericalAggregate');
  const counts = objectAt(wire, 'categoricalAggregate', 'valueCounts');
  return {
    ...toColumn(wire, nameMember),
    ...compact({
      missingRows: numberAt(objectAt(wire, 'missingValues'), 'rowCount'),
      numerical: numerical === undefined ? undefined : toNumerical(numerical),
      categorical:
        counts === undefined ? undefined : Object.fromEntries(Object.keys(counts).map((key) => [key, numberAt(counts, key) ?? 0])),
    }),
  };
}

function toNumerical(wire: WireObject): NonNullable<BaselineColumn['numerical']> {
  const figure = (name: string): number => numberAt(wire, name) ?? 0;
  return {
    binEdges: figuresAt(wire, 'binEdges'),
    binCount: figuresAt(wire, 'binCount'),
    mean: figure('mean'),
    standardDeviation: figure('standardDeviation'),
    min: figure('min'),
    max: figure('max'),
    sum: figure('sum'),
  };
}

function figuresAt(wire: WireObject, name: string): readonly number[] {
  const value = wire[name];
  return Array.isArray(value) ? value.map(Number).filter(Number.isFinite) : [];
}

/** The message, without whether it is on, which stands elsewhere on platform 0.69; `undefined` when there is nothing in it. */
export function fromMonitoring({ timestampColumn, columns, baseline }: Monitoring, names: ColumnNames): WireObject | undefined {
  const message = compact({
    timestampColumn,
    columns: columns?.map((column) => fromColumn(column, names.column)),
    baselineAggregations: baseline?.map((column) => fromBaseline(column, names)),
  });
  return Object.keys(message).length === 0 ? undefined : message;
}

function fromColumn({ name, logicalType, isModelOutput }: MonitoredColumn, nameMember: string): WireObject {
  return { [nameMember]: name, logicalType, isModelOutput: isModelOutput ?? false };
}

function fromBaseline(column: BaselineColumn, { baselineColumn, baselineHasOutput }: ColumnNames): WireObject {
  const { isModelOutput, ...named } = fromColumn(column, baselineColumn);
  return {
    ...named,
    ...(baselineHasOutput ? { isModelOutput } : {}),
    missingValues: { rowCount: column.missingRows ?? 0 },
    ...compact({
      numericalAggregate: column.numerical === undefined ? undefined : fromNumerical(column.numerical),
      categoricalAggregate: column.categorical === undefined ? undefined : { valueCounts: column.categorical },
    }),
  };
}

/** The outermost bins have no end, and JSON has no infinity. */
function fromNumerical(numerical: NonNullable<BaselineColumn['numerical']>): WireObject {
  return { ...numerical, binEdges: numerical.binEdges.filter(Number.isFinite) };
}

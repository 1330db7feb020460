/**
 * Reading messages whose shape depends on the platform: every member may be missing, null, or of a kind that nobody expects.
 */

/** A message as it came: known members are read, unknown ones kept. */
export type WireObject = Readonly<Record<string, unknown>>;

export function objectAt(wire: WireObject | undefined, ...path: readonly string[]): WireObject | undefined {
  let at: unknown = wire;
  for (const name of path) at = isWireObject(at) ? at[name] : undefined;
  return isWireObject(at) ? at : undefined;
}

export function objectsAt(wire: WireObject | undefined, name: string): readonly WireObject[] {
  const value = wire?.[name];
  return Array.isArray(value) ? value.filter(isWireObject) : [];
}

/** Text that is set. */
export function textAt(wire: WireObject | undefined, name: string): string | undefined {
  const value = wire?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function textsAt(wire: WireObject | undefined, name: string): readonly string[] {
  const value = wire?.[name];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** A number, also one that came as text, as counts of 64 bits do. */
export function numberAt(wire: WireObject | undefined, name: string): number | undefined {
  const value = wire?.[name];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Texts by name. */
export function textsByNameAt(wire: WireObject | undefined, ...path: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectAt(wire, ...path) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isWireObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

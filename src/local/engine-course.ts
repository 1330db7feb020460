/**
 * The states that an engine passes through, as a pure function of time: nothing runs, so nothing has to be waited for or cleaned up.
 */

/** A way from one state to another. */
export interface Course {
  /** The states on the way, each for an equal part of it. */
  readonly through: readonly string[];
  readonly to: string;
  readonly startedAt: number;
  readonly takesMs: number;
}

export interface Position {
  readonly state: string;
  readonly isThere: boolean;
  /** When the state began. */
  readonly since: number;
}

/** Where an engine is at `now`. */
export function positionOn({ through, to, startedAt, takesMs }: Course, now: number): Position {
  const elapsed = now - startedAt;
  if (elapsed >= takesMs || through.length === 0) return { state: to, isThere: true, since: startedAt + takesMs };
  const part = takesMs / through.length;
  const step = Math.min(Math.floor(Math.max(elapsed, 0) / part), through.length - 1);
  return { state: through[step] ?? to, isThere: false, since: startedAt + step * part };
}

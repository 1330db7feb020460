/**
 * The structural logger: whatever has these four methods serves (`console` does). The library is silent without one.
 */

/** Facts beside a log message: ids, names, counts, durations. Never a token, a body or an identity. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A logger that cannot break the work it reports on: what it throws is dropped. */
export function fencedLogger(logger: Logger): Logger {
  const fenced =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        logger[level](message, fields);
      } catch {
        // A broken log must not fail a request.
      }
    };
  return { debug: fenced('debug'), info: fenced('info'), warn: fenced('warn'), error: fenced('error') };
}

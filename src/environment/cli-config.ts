/**
 * The file that the H2O AI Cloud CLI keeps after its sign-in: which cloud, and refresh tokens for it. The only place that parses TOML.
 * The parser's own error text quotes the lines around the fault, tokens included, so nothing but the position leaves this file.
 */
import { join } from 'node:path';
import { ConfigurationError } from '../errors/configuration-error.js';
import { Secret } from '../internal/secret.js';
import { fileErrorCode, isMissing, shownPath, unreadableFile, type ReadTextFile } from './secret-files.js';
import type { EnvSnapshot } from './env-snapshot.js';

/** A refresh token that the CLI keeps, and the client that it was issued to. */
interface CliCredential {
  readonly clientId: string;
  readonly refreshToken: Secret;
  /** The key in the file: `Token` or `PlatformToken`. */
  readonly key: string;
}

/** What the CLI file says. */
export interface CliConfig {
  readonly exists: boolean;
  /** The file, for messages. */
  readonly file: string;
  /** The URL of the cloud that the tokens belong to. */
  readonly endpoint: string | undefined;
  /** Complete pairs only; where two have the same client, the one that counts comes first. */
  readonly credentials: readonly CliCredential[];
}

/** Where the CLI file is looked for. */
export interface CliConfigPorts {
  readonly variables: EnvSnapshot;
  readonly readTextFile: ReadTextFile;
  /** The user's home directory; without one there is no default file. */
  readonly homeDirectory: string | undefined;
}

/**
 * Reads the CLI file: the one that the variable H2OCONFIG names, else `~/.h2oai/h2o-cli-config.toml`, which may be missing.
 *
 * @throws {ConfigurationError} the file that H2OCONFIG names does not exist, or the file cannot be read or understood
 */
export async function readCliConfig(ports: CliConfigPorts): Promise<CliConfig> {
  const explicit = ports.variables.get('H2OCONFIG');
  if (explicit === undefined && ports.homeDirectory === undefined) return missing('CLI file (no home directory)');
  const path = explicit ?? join(ports.homeDirectory ?? '', '.h2oai', 'h2o-cli-config.toml');
  const file = `CLI file ${shownPath(path)}`;
  let content: string;
  try {
    content = await ports.readTextFile(path);
  } catch (error) {
    const code = fileErrorCode(error);
    if (explicit === undefined && (isMissing(code) || code === 'EISDIR')) return missing(file);
    if (!isMissing(code)) throw unreadableFile(`The ${file}`, code);
    throw new ConfigurationError({
      code: 'CONFIGURATION_MISSING',
      what: `The ${file}, named by variable H2OCONFIG, does not exist.`,
      fix: 'Correct H2OCONFIG, or unset it to use the default file.',
    });
  }
  return { exists: true, file, ...(await contentOf(content, file)) };
}

function missing(file: string): CliConfig {
  return { exists: false, file, endpoint: undefined, credentials: [] };
}

async function contentOf(content: string, file: string): Promise<Pick<CliConfig, 'endpoint' | 'credentials'>> {
  const table = await parsed(content, file);
  const value = (key: string): string | undefined => stringAt(table, key, file);
  const credentials: CliCredential[] = [];
  for (const [idKey, key] of [
    ['PlatformClientID', 'PlatformToken'],
    ['ClientID', 'Token'],
  ] as const) {
    const clientId = value(idKey);
    const token = value(key);
    if (clientId !== undefined && token !== undefined) credentials.push({ clientId, refreshToken: new Secret(token), key });
  }
  return { endpoint: value('Endpoint'), credentials };
}

async function parsed(content: string, file: string): Promise<object> {
  // Most programs have no such file.
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(content, { unsafeKeyBehaviour: 'drop' });
  } catch (error) {
    const position = error instanceof TomlError ? ` at line ${error.line}, column ${error.column}` : '';
    throw new ConfigurationError({
      code: 'CONFIGURATION_INVALID',
      what: `The ${file} is not valid TOML${position}.`,
      fix: 'Correct the file, or sign in with the CLI again, which writes it anew.',
    });
  }
}

function stringAt(table: object, key: string, file: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(table, key)?.value;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') {
    throw new ConfigurationError({
      code: 'CONFIGURATION_INVALID',
      what: `The key ${key} in the ${file} is not a string.`,
      fix: `Write it as ${key} = "…", or sign in with the CLI again, which writes the file anew.`,
    });
  }
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

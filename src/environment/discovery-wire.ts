/**
 * What the discovery service answers, read loosely: unknown fields pass, fields that we do not need may be missing or null.
 * Pure. Wire shapes, then mapping to our words; every address in them is checked on the way.
 */
import * as z from 'zod/mini';
import { ResponseValidationError } from '../errors/connection-error.js';
import { baseOf, checkNamedAddress, exactBaseOf, type AddressCheck } from './url-rules.js';

/** An address that the discovery service names: usable, or refused with the reason as the rest of a sentence ("is plain http"). */
type NamedAddress = { readonly url: string; readonly refused?: never } | { readonly url?: never; readonly refused: string };

/** The cloud as its discovery service describes it. */
export interface DiscoveredEnvironment {
  /** The public URL of the cloud. */
  readonly cloud: NamedAddress;
  readonly issuer: NamedAddress;
  /** The scope of the platform as a whole; empty when it has none. */
  readonly platformScope: string;
  readonly version: string | undefined;
}

/** A service that is registered with the discovery service. */
export interface DiscoveredService {
  readonly key: string;
  readonly displayName: string | undefined;
  /** The address without a slash at its end. */
  readonly address: NamedAddress;
  /** The address with its path as registered. */
  readonly exactAddress: NamedAddress;
  readonly version: string | undefined;
  /** Scopes that the service asks for; none when it names none. */
  readonly scopes: readonly string[];
}

/** An OAuth client that programs of the cloud share. */
export interface DiscoveredClient {
  readonly key: string;
  readonly displayName: string | undefined;
  readonly clientId: string;
}

/** A page of the cloud for people. */
export interface DiscoveredLink {
  readonly key: string;
  readonly text: string | undefined;
  readonly address: NamedAddress;
}

/** A component that the cloud runs. */
export interface DiscoveredComponent {
  readonly key: string;
  readonly displayName: string | undefined;
  readonly version: string | undefined;
  readonly description: string | undefined;
}

/** One page of a collection: its entries, and where the next page is. */
interface WirePage<Entry> {
  readonly entries: readonly Entry[];
  readonly nextPageToken: string | undefined;
}

/** How a collection is read: its name on the wire and the mapping of its entries. */
export interface Collection<Entry> {
  readonly name: string;
  readonly page: (answer: unknown, namedBy: URL) => WirePage<Entry>;
}

/** Text that may be missing. */
const loose = z.nullish(z.string());

// z.object and not z.looseObject: unknown fields pass, but none of them gets any further.
const EnvironmentSchema = z.object({
  environment: z.object({
    h2oCloudEnvironment: z.string(),
    issuerUrl: z.string(),
    h2oCloudPlatformOauth2Scope: loose,
    h2oCloudVersion: loose,
  }),
});
const PageSchema = z.object({ nextPageToken: loose });
const ServiceSchema = z.object({ name: z.string(), displayName: loose, uri: z.string(), version: loose, oauth2Scope: loose });
const ClientSchema = z.object({ name: z.string(), displayName: loose, oauth2ClientId: z.string() });
const LinkSchema = z.object({ name: z.string(), uri: z.string(), text: loose });
const ComponentSchema = z.object({ name: z.string(), displayName: loose, version: loose, description: loose });

/** @throws {ResponseValidationError} a field is missing or of the wrong type */
export function toEnvironment(answer: unknown, namedBy: URL): DiscoveredEnvironment {
  const { environment } = checked(EnvironmentSchema, answer, 'environment');
  return {
    cloud: named(environment.h2oCloudEnvironment, namedBy, baseOf),
    // Issuers are compared letter by letter, so this one stays as it was written.
    issuer: named(environment.issuerUrl, namedBy, () => environment.issuerUrl.trim()),
    platformScope: filled(environment.h2oCloudPlatformOauth2Scope) ?? '',
    version: filled(environment.h2oCloudVersion),
  };
}

export const servicesCollection: Collection<DiscoveredService> = collection('services', ServiceSchema, (wire, key, namedBy) => ({
  key,
  displayName: filled(wire.displayName),
  address: named(wire.uri, namedBy, baseOf),
  exactAddress: named(wire.uri, namedBy, exactBaseOf),
  version: filled(wire.version),
  scopes: scopesOf(wire.oauth2Scope ?? ''),
}));

export const clientsCollection: Collection<DiscoveredClient> = collection('clients', ClientSchema, (wire, key) => ({
  key,
  displayName: filled(wire.displayName),
  clientId: wire.oauth2ClientId,
}));

export const linksCollection: Collection<DiscoveredLink> = collection('links', LinkSchema, (wire, key, namedBy) => ({
  key,
  text: filled(wire.text),
  address: named(wire.uri, namedBy, (url) => url.href),
}));

export const componentsCollection: Collection<DiscoveredComponent> = collection('components', ComponentSchema, (wire, key) => ({
  key,
  displayName: filled(wire.displayName),
  version: filled(wire.version),
  description: filled(wire.description),
}));

/** The scopes in a space separated list, each once. */
export function scopesOf(list: string): readonly string[] {
  return [...new Set(list.split(/\s+/).filter((scope) => scope !== ''))];
}

function collection<Wire extends { readonly name: string }, Entry>(
  name: string,
  schema: z.ZodMiniType<Wire>,
  toEntry: (wire: Wire, key: string, namedBy: URL) => Entry,
): Collection<Entry> {
  const EntriesSchema = z.nullish(z.array(schema));
  return {
    name,
    page(answer, namedBy) {
      const { nextPageToken } = checked(PageSchema, answer, name);
      const entries = checked(EntriesSchema, ownMember(answer, name), name) ?? [];
      return {
        entries: entries.map((wire) => toEntry(wire, keyOf(wire.name, name), namedBy)),
        nextPageToken: nextPageToken === null || nextPageToken === '' ? undefined : nextPageToken,
      };
    },
  };
}

function ownMember(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null && Object.hasOwn(answer, name) ? Reflect.get(answer, name) : undefined;
}

function keyOf(name: string, collectionName: string): string {
  const prefix = `${collectionName}/`;
  if (name.startsWith(prefix) && name.length > prefix.length) return name.slice(prefix.length);
  throw unexpected(collectionName, `an entry whose name does not begin with ${prefix}`);
}

function checked<Value>(schema: z.ZodMiniType<Value>, answer: unknown, part: string): Value {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  throw unexpected(part, path === '' ? 'something that is not an object' : `${path} missing or of the wrong type`);
}

function unexpected(part: string, problem: string): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The discovery service answered v1/${part} with ${problem}.`,
    fix: "Check that the address is the cloud's, and report this to the cloud's administrator.",
  });
}

function named(text: string, namedBy: URL, shown: (url: URL) => string): NamedAddress {
  const address: AddressCheck = checkNamedAddress(text, namedBy);
  return address.url === undefined ? { refused: address.problem } : { url: shown(address.url) };
}

function filled(text: string | null | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/**
 * Variables of a cloud: the addresses of its services, a token, a client, where to redeem it. They belong to the cloud that the environment
 * names, and are passed over where the options name another one: a token of one cloud must not reach a service of another.
 */
import type { CheckedOptions } from './check-options.js';
import { otherCloudReason } from './cloud-location.js';
import { variablePlaces, type Place, type PlacePorts } from './places.js';

/** The places of {@link variablePlaces}, closed with the reason where the options name another cloud than the environment does. */
export function cloudPlaces(ports: PlacePorts & { readonly options: CheckedOptions }, name: string): readonly Place[] {
  const reason = otherCloudReason(ports.options, ports.variables);
  if (reason === undefined) return variablePlaces(ports, name);
  const isSet = ports.variables.get(name) !== undefined || ports.variables.get(`${name}_FILE`) !== undefined;
  return isSet ? [() => Promise.resolve({ lookedAt: [`variable ${name} (set, but not used: ${reason})`] })] : variablePlaces(ports, name);
}

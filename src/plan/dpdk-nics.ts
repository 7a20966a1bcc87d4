import type { HardwareProfile } from '../hardware/hardware-profile';
import type { Nic } from '../hardware/nic';
import { isKnown } from '../hardware/unknown';
import type { DpdkPortIntent, HostIntents, NicBindingIntent } from './intents';
import { remembered } from '../values/remembered';

/** A port with the binding of its NIC. */
export interface DpdkNic {
  readonly port: DpdkPortIntent;
  readonly binding: NicBindingIntent;
  /** NUMA node; undefined: nobody says. */
  readonly node: number | undefined;
}

/** The host's ports whose NIC is the host's own. */
export const dpdkNics = remembered((host: HostIntents): readonly DpdkNic[] => {
  const bindings = new Map(host.nicBindings.map((binding) => [binding.path, binding]));
  return host.dpdkPorts.flatMap((port) => {
    const binding = bindings.get(port.nic);
    return binding ? [{ port, binding, node: nodeOf(host, binding) }] : [];
  });
});

/** What the host's profile says of a NIC; undefined: nothing, or that there is none. */
export function profiledNic({ hardware }: HostIntents, { address }: NicBindingIntent): Nic | undefined {
  const nic = hardware?.nic(address);
  return nic && isKnown(nic) ? nic : undefined;
}

function nodeOf({ hardware }: HostIntents, { address }: NicBindingIntent): number | undefined {
  const place = hardware ? nicPlace(hardware, address) : 'unsaid';
  return typeof place === 'number' ? place : undefined;
}

/** Where a NIC is. `unsaid`: the profile doesn't say; `absent`: the host has no such NIC, which is a finding of its own. */
export type NicPlace = number | 'unsaid' | 'absent';

/** Firmware that doesn't say: Open vSwitch takes node 0 (lib/netdev-dpdk.c). With one node there is no question. */
export function nicPlace(profile: HardwareProfile, address: string): NicPlace {
  const nic = profile.nic(address);
  if (nic === null) return 'absent';
  if (isKnown(nic) && isKnown(nic.node)) return nic.node ?? 0;
  const { nodes } = profile;
  const [only, ...others] = isKnown(nodes) ? nodes : [];
  return only && others.length === 0 ? only.id : 'unsaid';
}

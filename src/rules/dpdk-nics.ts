import type { Nic } from '../hardware/nic';
import { isKnown } from '../hardware/unknown';
import type { DpdkPortIntent, HostIntents, NicBindingIntent } from '../plan/intents';
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

/** Firmware that doesn't say: Open vSwitch takes node 0 (lib/netdev-dpdk.c). */
function nodeOf(host: HostIntents, binding: NicBindingIntent): number | undefined {
  const node = profiledNic(host, binding)?.node;
  return node === undefined || !isKnown(node) ? undefined : (node ?? 0);
}

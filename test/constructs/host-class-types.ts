/**
 * What the compiler knows of a host class. `tsc` reads this file: a line that is marked as an error and is none is an
 * error itself (test/constructs/host-class.test.ts runs it over this file alone).
 */
import type { TerraformStack } from 'cdktf';
import {
  HostClass,
  NicDriver,
  NicRole,
  NicSelector,
  type HostOf,
  type HostPropsOf,
  type NicBinding,
  type OpenVSwitch,
} from '../../constructs';

const edge = new HostClass({
  hugepages: { dpdk: { perNode: { 0: 2 } } },
  cpus: { housekeeping: '0', dataplane: '1' },
  nics: { uplink: NicRole.perHost(), storage: NicRole.at('0000:5e:00.0', { driver: NicDriver.KERNEL }) },
  openVSwitch: { pmdSleepMax: 500 },
});
const fixed = new HostClass({ nics: { uplink: NicRole.at(NicSelector.like({ node: 0 })) } });
const bare = new HostClass({ iommu: {} });

export function right(stack: TerraformStack): readonly (NicBinding | OpenVSwitch)[] {
  const nics = { uplink: NicSelector.mac('52:54:00:12:34:56') };
  const host: HostOf<typeof edge> = edge.host(stack, 'a', { nics });
  edge.host(stack, 'b', {
    nics: { ...nics, storage: '0000:5f:00.0' },
    deviations: {
      hugepages: { dpdk: null },
      cpus: { dataplane: '1-2' },
      openVSwitch: { pmdSleepMax: 0 },
      nics: { storage: { device: '15b3:1017' } },
    },
  });
  fixed.host(stack, 'c', {});
  bare.host(stack, 'd', { address: 'd.example.org', deviations: { iommu: null } });
  const table: Record<string, HostPropsOf<typeof edge>> = { e: { nics } };
  for (const [id, props] of Object.entries(table)) edge.host(stack, id, props);
  return [host.nics.uplink, host.nics.storage, host.openVSwitch];
}

export function wrong(stack: TerraformStack): readonly unknown[] {
  const nics = { uplink: '0000:3b:00.0' };
  // @ts-expect-error no NIC is said for a role that each host has to say it for
  edge.host(stack, 'a', {});
  // @ts-expect-error the role has no NIC yet
  edge.host(stack, 'b', { nics: { storage: '0000:5f:00.0' } });
  // @ts-expect-error there is no such role
  edge.host(stack, 'c', { nics: { ...nics, management: '0000:01:00.0' } });
  // @ts-expect-error there is no such deviation
  edge.host(stack, 'd', { nics, deviations: { cpu: {} } });
  // @ts-expect-error there is no such member of a part
  edge.host(stack, 'e', { nics, deviations: { cpus: { dataplaneCpus: '1' } } });
  // @ts-expect-error the class has no such pool
  edge.host(stack, 'f', { nics, deviations: { hugepages: { guests: { pages: 4 } } } });
  // @ts-expect-error there is no such role to deviate from
  edge.host(stack, 'g', { nics, deviations: { nics: { backup: {} } } });
  // @ts-expect-error a host's NICs are those of the roles
  const backup: keyof HostOf<typeof edge>['nics'] = 'backup';
  // @ts-expect-error the class has no Open vSwitch that a host could have another way
  bare.host(stack, 'i', { deviations: { openVSwitch: { pmdSleepMax: 5 } } });
  // @ts-expect-error nor one that could have a bridge
  const openVSwitch: OpenVSwitch = bare.host(stack, 'j', {}).openVSwitch;
  // @ts-expect-error a class without roles has no NICs
  bare.host(stack, 'k', { nics });
  // @ts-expect-error there is no such part
  new HostClass({ hugepage: {} });
  // @ts-expect-error there is no such member of a pool
  new HostClass({ hugepages: { dpdk: { perNodes: { 0: 2 } } } });
  // @ts-expect-error there is no such member of Open vSwitch
  new HostClass({ openVSwitch: { pmdSleep: 500 } });
  // @ts-expect-error a role is a NicRole: who says which NIC it is must be said
  new HostClass({ nics: { uplink: '0000:3b:00.0' } });
  return [backup, openVSwitch];
}

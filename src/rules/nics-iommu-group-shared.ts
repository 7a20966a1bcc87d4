import { isKnown } from '../hardware/unknown';
import { profiledNic } from '../plan/dpdk-nics';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const nicsIommuGroupShared = hardwareRule({
  id: 'nics/iommu-group-shared',
  severity: 'error',
  statement: 'All NICs of an IOMMU group are bound to vfio-pci together.',
  reason:
    'The IOMMU can\'t tell the members of a group apart, so vfio gives out a group only while no member has a kernel driver: "group is not viable" (kernel, driver-api/vfio.rst).',
  facts: ['NICs', 'IOMMU groups'],
  concerns: (host) => host.nicBindings.some(({ driver }) => driver === 'vfio-pci'),
  check(host, profile) {
    const bound = new Set(
      host.nicBindings.filter(({ driver }) => driver === 'vfio-pci').map(({ address }) => address),
    );
    return host.nicBindings.flatMap((binding) => {
      const { path, address, driver } = binding;
      const group = profiledNic(host, binding)?.iommuGroup;
      if (driver !== 'vfio-pci' || group === undefined || !isKnown(group) || group === null) return [];
      const members = isKnown(group.members) ? group.members : [];
      // Of devices that are no NICs (bridges above all, which may stay) a profile knows no driver.
      const leftOut = members.flatMap((member) => {
        const other = /^[0-9a-f]{4}:/.test(member) && member !== address ? profile.nic(member) : null;
        if (other === null || !isKnown(other) || bound.has(member)) return [];
        const { driver: present } = other;
        if (!isKnown(present) || present === null || present === 'vfio-pci') return [];
        return [{ member, present, isManagement: other.management === true }];
      });
      if (leftOut.length === 0) return [];
      const shown = leftOut.map(
        ({ member, present, isManagement }) =>
          `${member} (${present}${isManagement ? ', carries management' : ''})`,
      );
      return [
        {
          path,
          what: [
            `binds ${address} to vfio-pci, but its IOMMU group ${group.id} has ${shown.join(', ')} as well (${fileOf(profile.source)})`,
          ],
          remedy: leftOut.some(({ isManagement }) => isManagement)
            ? 'take a NIC of another group: put the card into another slot, or turn ACS on in the firmware'
            : `bind ${leftOut.map(({ member }) => member).join(', ')} to vfio-pci as well, or take a NIC of another group`,
        },
      ];
    });
  },
});

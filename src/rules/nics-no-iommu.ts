import { hostRule } from './rule';

export const nicsNoIommu = hostRule({
  id: 'nics/no-iommu',
  severity: 'warning',
  statement: 'A host that binds NICs to vfio-pci has an Iommu.',
  reason: 'vfio-pci takes a device only where an IOMMU is on: "probe failed with error -22" otherwise.',
  check: (host) =>
    host.iommus.length > 0
      ? []
      : host.nicBindings
          .filter(({ driver }) => driver === 'vfio-pci')
          .map(({ path, address }) => ({
            path,
            what: [`binds ${address} to vfio-pci, but the host has no Iommu`],
            remedy: "add new Iommu(host, 'iommu'), unless the host's own boot arguments turn the IOMMU on",
          })),
});

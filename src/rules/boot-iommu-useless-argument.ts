import type { HardwareProfile } from '../hardware/hardware-profile';
import type { HostIntents } from '../plan/intents';
import { hostRule, type Violation } from './rule';
import { fileOf } from '../values/text';

type Maker = 'intel' | 'amd' | 'arm';

export const bootIommuUselessArgument = hostRule({
  id: 'boot/iommu-useless-argument',
  severity: 'warning',
  statement: 'Boot arguments for the IOMMU are those of its maker.',
  reason:
    "intel_iommu= does nothing on AMD and Arm, iommu=pt nothing on Arm, amd_iommu=on nothing anywhere (AMD's is on by itself, and kernel-parameters.txt knows no such value); and an Intel IOMMU without intel_iommu=on is off on many kernels.",
  hardware: {
    facts: ['maker of the CPU'],
    concerns: (host) => host.iommus.length > 0 || host.bootParameters.length > 0,
  },
  check(host) {
    const maker = host.hardware ? makerOf(host.hardware) : undefined;
    return [...ofConstructs(host, maker), ...ofArguments(host, maker)];
  },
});

function makerOf({ iommuKind, cpuVendor }: HardwareProfile): Maker | undefined {
  if (iommuKind === 'intel' || iommuKind === 'amd' || iommuKind === 'arm') return iommuKind;
  if (cpuVendor === 'intel' || cpuVendor === 'amd' || cpuVendor === 'arm') return cpuVendor;
  return cpuVendor === 'hygon' ? 'amd' : undefined;
}

function ofConstructs(host: HostIntents, maker: Maker | undefined): Violation[] {
  if (maker === undefined) return [];
  return host.iommus.flatMap(({ path, vendor }) =>
    vendor === undefined || vendor === maker
      ? []
      : [
          {
            path,
            what: [
              `vendor is IommuVendor.${vendor.toUpperCase()}, but ${host.name} has ${NAMES[maker]}${sourceOf(host)}`,
            ],
            remedy: `say vendor: IommuVendor.${maker.toUpperCase()}, or leave vendor out: the host's firmware says which one it is`,
          },
        ],
  );
}

function ofArguments(host: HostIntents, maker: Maker | undefined): Violation[] {
  return host.bootParameters.flatMap(({ path, arguments: texts }) =>
    texts.flatMap((text) => {
      const why = uselessness(text, maker);
      if (why === undefined) return [];
      const source = why.needsMaker ? sourceOf(host) : '';
      return [
        {
          path,
          what: [`asks for '${text}', ${why.text}${source}`],
          remedy: "take it out; new Iommu(host, 'iommu') gives each host what its IOMMU needs",
        },
      ];
    }),
  );
}

function uselessness(
  text: string,
  maker: Maker | undefined,
): { text: string; needsMaker: boolean } | undefined {
  if (text === 'amd_iommu=on')
    return { text: 'which no kernel knows: AMD-Vi is on by itself', needsMaker: false };
  if (maker === undefined) return undefined;
  const has = `but the host has ${NAMES[maker]}`;
  if (text.startsWith('intel_iommu=') && maker !== 'intel') return { text: has, needsMaker: true };
  if (text.startsWith('amd_iommu=') && maker !== 'amd') return { text: has, needsMaker: true };
  if (text.startsWith('iommu=') && maker === 'arm') {
    return { text: `which is of x86 only, ${has}`, needsMaker: true };
  }
  return undefined;
}

const NAMES: Readonly<Record<Maker, string>> = {
  intel: "Intel's VT-d",
  amd: "AMD's AMD-Vi",
  arm: "Arm's SMMU",
};

function sourceOf({ hardware }: HostIntents): string {
  return hardware ? ` (${fileOf(hardware.source)})` : '';
}

import type { HardwareProfile } from '../hardware/hardware-profile';
import type { Nic } from '../hardware/nic';
import { isKnown } from '../hardware/unknown';
import type { NicBindingIntent } from '../plan/intents';
import { MacAddress } from '../values/mac-address';
import { profiledNic } from '../plan/dpdk-nics';
import { hardwareRule } from './hardware-rule';
import type { Violation } from './rule';
import { fileOf } from '../values/text';

export const nicsPlannedDevice = hardwareRule({
  id: 'nics/planned-device',
  severity: 'error',
  statement: 'The NIC at the address is the device, and has the MAC address, that the NicBinding names.',
  reason: 'The host refuses another device before it binds anything: another card may carry other traffic.',
  facts: ['devices of NICs'],
  concerns: (host) =>
    host.nicBindings.some(({ device, macAddress }) => device !== null || macAddress !== null),
  check: (host, profile) =>
    host.nicBindings.flatMap((binding) => {
      const nic = profiledNic(host, binding);
      return nic ? [...ofDevice(profile, binding, nic), ...ofMac(profile, binding, nic)] : [];
    }),
});

function ofDevice(
  profile: HardwareProfile,
  { path, address, device }: NicBindingIntent,
  nic: Nic,
): Violation[] {
  if (device === null || !isKnown(nic.device) || nic.device.toString() === device) return [];
  const others = othersWith(profile, (one) => isKnown(one.device) && one.device.toString() === device);
  return [
    {
      path,
      what: [`device is '${device}', but ${address} is ${nic.device} (${fileOf(profile.source)})`],
      remedy: `say device: '${nic.device}', or the address of a ${device}${others}`,
    },
  ];
}

/** A NIC that DPDK has already has no interface, and shows no address. */
function ofMac(profile: HardwareProfile, binding: NicBindingIntent, nic: Nic): Violation[] {
  const { path, address, macAddress } = binding;
  const { macAddresses } = nic;
  if (macAddress === null || !isKnown(macAddresses) || macAddresses.length === 0) return [];
  const texts = macAddresses.map(String);
  if (texts.includes(macAddress)) return [];
  const found = profile.nicsWithMac(MacAddress.parse(macAddress));
  const holders = isKnown(found) ? found : [];
  const others = othersWith(profile, (one) => holders.includes(one));
  return [
    {
      path,
      what: [
        `macAddress is '${macAddress}', but ${address} has ${texts.join(' and ')} (${fileOf(profile.source)})`,
      ],
      remedy: `say macAddress: '${texts[0] ?? ''}', or the address of the NIC that has ${macAddress}${others}`,
    },
  ];
}

function othersWith({ nics }: HardwareProfile, isOne: (nic: Nic) => boolean): string {
  const found = isKnown(nics) ? nics.filter(isOne) : [];
  return found.length === 0 ? '' : `: ${found.map(String).join(', ')}`;
}

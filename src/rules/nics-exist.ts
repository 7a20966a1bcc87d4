import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const nicsExist = hardwareRule({
  id: 'nics/exist',
  severity: 'error',
  statement: 'There is a NIC at the PCI address of a NicBinding.',
  reason:
    'The host refuses the plan then, and DPDK says "Error attaching device": addresses change when cards or firmware settings do.',
  facts: ['NICs'],
  concerns: (host) => host.nicBindings.length > 0,
  check: (host, profile) =>
    host.nicBindings
      .filter(({ address }) => profile.nic(address) === null)
      .map(({ path, address }) => ({
        path,
        what: [`binds ${address}, where ${host.name} has no NIC (${fileOf(profile.source)})`],
        remedy: `say one of those that it has: ${listed(profile)}`,
      })),
});

function listed({ nics }: HardwareProfile): string {
  const texts = isKnown(nics)
    ? nics.map((nic) => {
        const device = isKnown(nic.device) ? nic.device.toString() : '';
        const driver = isKnown(nic.driver) ? (nic.driver ?? 'no driver') : '';
        const carries = nic.management === true ? 'management' : '';
        const known = [device, driver, carries].filter((text) => text !== '').join(', ');
        return known === '' ? nic.toString() : `${nic.toString()} (${known})`;
      })
    : [];
  return texts.length === 0 ? 'it has none' : texts.join('; ');
}

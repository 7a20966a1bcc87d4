import type { NicDocument, ProfileDocument } from '../profile-document';
import type { Reader, Source } from './reader';

const REMEDY = 'give what `lspci -nnvmmk` prints';
const ADDRESS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[01][0-9a-f]\.[0-7])$/i;

/** `lspci -nnvmmk`: a record for each device, with numbers beside the names, and drivers. */
export const lspciReader: Reader = {
  name: 'lspci',
  recognises: ({ text }) => /^Slot:[ \t]/m.test(text),
  read: (sources) => {
    const devices = sources.flatMap(records);
    // Each of these is printed where there is one; older programs don't know them, and without -k there is no driver.
    const tells = (tag: string) => devices.some(({ tags }) => tags.has(tag));
    const tellsDrivers = tells('Driver') || tells('Module');
    const groups = new Map<string, string[]>();
    for (const { address, tags } of devices) {
      const group = tags.get('IOMMUGroup');
      if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), address]);
    }
    const nics = devices.flatMap((device) =>
      device.class.startsWith('02') ? [nic(device, tellsDrivers, tells('NUMANode'), groups)] : [],
    );
    const document: ProfileDocument = { schemaVersion: 1, nics };
    // A list that was narrowed (lspci -d, -s) has no bridge, which every machine with PCI has.
    if (devices.some((device) => device.class.startsWith('06'))) document.nicsComplete = true;
    if (groups.size > 0) document.iommu = { enabled: true, groups: groups.size };
    return document;
  },
};

interface Device {
  readonly address: string;
  /** Four hexadecimal digits. */
  readonly class: string;
  readonly id: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly source: Source;
  readonly line: number;
}

function records(source: Source): Device[] {
  const devices: Device[] = [];
  let tags = new Map<string, string>();
  let start = 1;
  const end = () => {
    const device = tags.size > 0 ? toDevice(tags, source, start) : undefined;
    if (device) devices.push(device);
    tags = new Map();
  };
  for (const [index, line] of source.text.split(/\r?\n/).entries()) {
    const [, tag, value] = /^([A-Za-z]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (line.trim() === '' || tag === 'Slot') end();
    if (tag === undefined || value === undefined) continue;
    if (tags.size === 0) start = index + 1;
    // A device may have several modules; nobody asks for them.
    tags.set(tag, value);
  }
  end();
  return devices;
}

function toDevice(tags: ReadonlyMap<string, string>, source: Source, line: number): Device | undefined {
  const place = `line ${line}`;
  const [, domain = '0000', rest] = ADDRESS.exec(tags.get('Slot') ?? '') ?? [];
  if (rest === undefined) {
    source.findings.report(place, `Slot is no PCI address: '${tags.get('Slot') ?? ''}'`, REMEDY);
    return undefined;
  }
  const [deviceClass, vendor, device] = ['Class', 'Vendor', 'Device'].map((tag) => {
    const value = tags.get(tag) ?? '';
    return (/\[([0-9a-f]{4})\]$/i.exec(value) ?? /^([0-9a-f]{4})$/i.exec(value))?.[1]?.toLowerCase();
  });
  if (deviceClass === undefined || vendor === undefined || device === undefined) {
    source.findings.report(
      place,
      `the device at ${tags.get('Slot') ?? ''} has no numbers for class, vendor and device`,
      REMEDY,
    );
    return undefined;
  }
  return {
    address: `${domain}:${rest}`.toLowerCase(),
    class: deviceClass,
    id: `${vendor}:${device}`,
    tags,
    source,
    line,
  };
}

function nic(
  { address, id, tags, source, line }: Device,
  tellsDrivers: boolean,
  tellsNodes: boolean,
  groups: ReadonlyMap<string, readonly string[]>,
): NicDocument {
  const found: NicDocument = { address, device: id };
  const number = (tag: string): number | undefined => {
    const value = tags.get(tag);
    if (value === undefined || /^\d{1,9}$/.test(value))
      return value === undefined ? undefined : Number(value);
    source.findings.report(`line ${line}`, `${tag} of ${address} is no number: '${value}'`, REMEDY);
    return undefined;
  };
  if (tellsDrivers) found.driver = tags.get('Driver') ?? null;
  const node = number('NUMANode');
  if (tellsNodes) found.node = node ?? null;
  const group = number('IOMMUGroup');
  if (groups.size > 0) {
    found.iommuGroup =
      group === undefined
        ? null
        : { id: group, members: [...(groups.get(String(group)) ?? [address])].sort() };
  }
  return found;
}

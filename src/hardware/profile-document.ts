/**
 * The document that `dataplane-host inspect` prints, and that every other reader makes: the one truth of its form.
 * docs/hardware-profile.schema.json is made from here.
 *
 * A property that is missing isn't known; `null` says that there is none.
 */
import { z } from 'zod';

/** What an error says instead of the value: each leaf is told what it should be. */
const expected = (what: string) => ({ error: () => what });

const text = (description: string) => z.string(expected('a text')).describe(description);
const flag = (description: string) => z.boolean(expected('true or false')).describe(description);
const count = (description: string, least = 0) => {
  const error = expected(`a whole number, ${least} or more`);
  return z.int(error).min(least, error).describe(description);
};
const choice = <const T extends readonly string[]>(...words: T) =>
  z.enum(words, expected(`one of ${words.join(', ')}`));
const list = <T extends z.ZodType>(item: T) => z.array(item, expected('a list'));
const object = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, expected('an object'));
const word = z.string(expected('a text'));
const pattern = (what: string, form: RegExp) => (description: string) =>
  z.string(expected(what)).regex(form, expected(what)).describe(description);

const cpuList = pattern("a CPU list like '0-3,8'", /^([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?$/);
const pciAddress = pattern(
  "a PCI address like '0000:03:00.0', in lower case",
  /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
);
const macAddress = pattern(
  "a MAC address like '52:54:00:12:34:56', in lower case",
  /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/,
);
const deviceId = pattern("a vendor:device id like '8086:10d3', in lower case", /^[0-9a-f]{4}:[0-9a-f]{4}$/);

const hugepages = object({
  pageSizeKib: count('size of one page', 1),
  total: count('pages').optional(),
  free: count('pages').optional(),
}).describe('hugepages of one size');

const cpu = object({
  id: count('number of the logical CPU'),
  online: flag('it can be used').optional(),
  node: count('NUMA node; missing where the firmware names several').optional(),
  socket: count('physical package').optional(),
  core: count('as the kernel numbers it; unique within its socket at most', -1).optional(),
  siblings: cpuList(
    'the SMT threads of its core that are online, itself included; missing while it is offline',
  ).optional(),
  capacity: count('relative speed where CPUs differ, 1024 the fastest').optional(),
  kind: choice('performance', 'efficiency').describe('on hybrid packages').optional(),
}).describe('a logical CPU');

const processor = object({
  vendor: text('vendor_id (`GenuineIntel`), or the implementer on Arm (`0x41`, `ARM`)').optional(),
  model: text('model name').optional(),
  flags: list(word).describe('sorted').optional(),
  sockets: count('physical packages', 1).optional(),
  online: cpuList('CPUs that are online').optional(),
  present: cpuList('CPUs that are there, online or not').optional(),
  isolated: cpuList('what isolcpus= did').nullable().optional(),
  nohzFull: cpuList('what nohz_full= did; null: this kernel has no such mode').nullable().optional(),
  cpus: list(cpu).describe('sorted by id; ids may have gaps').optional(),
});

const node = object({
  id: count('ids may have gaps'),
  cpus: cpuList('CPUs of the node that are online; empty: a node of memory only').optional(),
  memoryKib: count(
    'memory of the node, less what the kernel took at boot; 0: a node of CPUs only',
  ).optional(),
  freeKib: count('free at that moment').optional(),
  distances: list(count('10 is itself'))
    .describe('to each node, in the order of their ids; 10 is itself')
    .optional(),
  hugepages: list(hugepages).describe('each size that the kernel has here').optional(),
}).describe('a NUMA node');

const networkInterface = object({
  name: text('as the kernel named it'),
  macAddress: macAddress('at that moment; null: no Ethernet address').nullable().optional(),
  permanentMacAddress: macAddress('what the card itself has, also while it is in a bond')
    .nullable()
    .optional(),
  mtu: count('bytes').optional(),
  state: text('operstate: up, down, unknown …').optional(),
  carrier: flag('null: the interface is down').nullable().optional(),
  speedMbps: count('null: none is told, as of links that are down', 1).nullable().optional(),
}).describe('a network interface');

const nic = object({
  address: pciAddress('PCI address').optional(),
  device: deviceId('vendor:device').optional(),
  driver: text('kernel driver; null: none is bound').nullable().optional(),
  interfaces: list(networkInterface).describe('empty: bound to a userspace driver or to none').optional(),
  node: count("NUMA node; null: the firmware doesn't say").nullable().optional(),
  iommuGroup: object({
    id: count('number of the group'),
    members: list(word).describe('PCI addresses, its own included').optional(),
  })
    .describe('null: in none')
    .nullable()
    .optional(),
  sriov: object({ total: count('at most').optional(), configured: count('now').optional() })
    .describe("virtual functions; null: it can't have any")
    .nullable()
    .optional(),
  physicalFunction: pciAddress('of a virtual function; null: it is none').nullable().optional(),
  management: flag('carries management, and will be refused').optional(),
  managementChain: list(word).describe("how it carries management, or why that can't be told").optional(),
}).describe('a network device on PCI: a physical or a virtual function');

export const profileDocument = object({
  schemaVersion: z.literal(1, expected('1 (another version of cdktf-dataplane made this file)')),
  source: text('what made this document').optional(),
  privileged: flag('made by root; without, not all of the management can be seen').optional(),
  hostName: text('name of the host').optional(),
  distribution: object({
    id: text('ID of os-release, `debian`').nullable().optional(),
    version: text('VERSION_ID, `13`').nullable().optional(),
    name: text('PRETTY_NAME').nullable().optional(),
    like: list(word).describe('ID_LIKE').optional(),
  }).optional(),
  kernel: object({
    release: text('`uname -r`').optional(),
    machine: text('`uname -m`').optional(),
    arguments: list(word)
      .describe('the kernel command line, in order; values of passwords are left out')
      .optional(),
  }).optional(),
  boot: object({
    firmware: choice('uefi', 'bios', 'device-tree').optional(),
    secureBoot: flag('the firmware loads signed programs only').optional(),
    loader: choice('grub', 'grub-bls', 'systemd-boot', 'unified-kernel-image', 'ostree', 'zipl').optional(),
  }).optional(),
  cpu: processor.optional(),
  nodes: list(node).describe('NUMA nodes sorted by id; empty: a kernel without NUMA').optional(),
  memory: object({
    totalKib: count('MemTotal').optional(),
    hugepages: list(hugepages).describe('each size that CPU and kernel support').optional(),
  }).optional(),
  iommu: object({
    acpiTables: list(choice('DMAR', 'IORT', 'IVRS')).optional(),
    units: list(word).describe('/sys/class/iommu').optional(),
    groups: count('number of IOMMU groups').optional(),
    enabled: flag('devices are in IOMMU groups').optional(),
  }).optional(),
  nics: list(nic).describe('PCI devices of class 02, sorted by address').optional(),
  nicsComplete: flag('`nics` has every NIC of the host').optional(),
}).meta({
  title: 'cdktf-dataplane hardware profile',
  description:
    "What a host has, as `dataplane-host inspect` prints it. A property that is missing isn't known; null says that there is none.",
});

export type ProfileDocument = z.output<typeof profileDocument>;
export type ProcessorDocument = NonNullable<ProfileDocument['cpu']>;
export type CpuDocument = z.output<typeof cpu>;
export type NodeDocument = z.output<typeof node>;
export type NicDocument = z.output<typeof nic>;
export type InterfaceDocument = z.output<typeof networkInterface>;
export type HugepagesDocument = z.output<typeof hugepages>;

/** The published JSON Schema, as an object. */
export function profileJsonSchema(): unknown {
  return {
    ...z.toJSONSchema(profileDocument, { target: 'draft-2020-12' }),
    $id: 'urn:cdktf-dataplane:hardware-profile:1',
  };
}

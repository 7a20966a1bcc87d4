import { CpuSet } from '../../values/cpu-set';
import { showValue } from '../../values/value-error';
import type { InterfaceDocument, NicDocument, NodeDocument, ProfileDocument } from '../profile-document';
import { chooseHost, isObject, type JsonObject, type Reader, type Source } from './reader';

const REMEDY = 'give what `maas $PROFILE machine read $SYSTEM_ID` prints';
/** MAAS' (Debian's) names of architectures, as `uname -m` says them. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  ppc64el: 'ppc64le',
  s390x: 's390x',
};
const UBUNTU_SERIES: Readonly<Record<string, string>> = {
  focal: '20.04',
  jammy: '22.04',
  noble: '24.04',
};

/** A machine as MAAS gives it in JSON; with several of them, the one that is named. */
export const maasReader: Reader = {
  name: 'MAAS',
  recognises: ({ json }) => machines(json).length > 0,
  read: ([source, ...others], options) => {
    for (const other of others) {
      other.findings.report('', `${source.name} has a machine already`, 'give one of the two');
    }
    const machine = chooseHost(
      machines(source.json).map((value) => ({
        names: ['hostname', 'fqdn', 'system_id'].flatMap((key) => text(value[key]) ?? []),
        value,
      })),
      options,
      source,
      'machine',
    );
    return machine ? new Machine(machine, source).document() : { schemaVersion: 1 };
  },
};

function machines(json: unknown): JsonObject[] {
  return [json]
    .flat()
    .filter((one): one is JsonObject => isObject(one) && ('numanode_set' in one || 'interface_set' in one));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

class Machine {
  constructor(
    private readonly machine: JsonObject,
    private readonly source: Source,
  ) {}

  document(): ProfileDocument {
    const { machine } = this;
    const architecture = text(machine['architecture'])?.split('/')[0] ?? '';
    const hardware = isObject(machine['hardware_info']) ? machine['hardware_info'] : {};
    const model = text(hardware['cpu_model']);
    const nodes = this.nodes();
    const online = nodes?.flatMap(({ cpus = '' }) => CpuSet.of(cpus).cpus);
    const memory = this.number(machine['memory'], 'memory');
    const machineName = Object.hasOwn(MACHINES, architecture) ? MACHINES[architecture] : undefined;
    const firmware = machine['bios_boot_method'];
    return {
      schemaVersion: 1,
      ...optional('hostName', text(machine['hostname'])),
      ...optional('distribution', this.distribution()),
      ...optional('kernel', machineName === undefined ? undefined : { machine: machineName }),
      ...optional(
        'boot',
        firmware === 'uefi' || firmware === 'pxe'
          ? { firmware: firmware === 'uefi' ? ('uefi' as const) : ('bios' as const) }
          : undefined,
      ),
      cpu: {
        ...optional('model', model === 'Unknown' ? undefined : model),
        ...optional('online', online && online.length > 0 ? CpuSet.ofCpus(online).toString() : undefined),
      },
      ...optional('nodes', nodes),
      ...optional('memory', memory ? { totalKib: memory * 1024 } : undefined),
      ...optional('nics', this.nics()),
    };
  }

  /** Only what is deployed is a distribution. */
  private distribution(): ProfileDocument['distribution'] {
    const [id, series] = [text(this.machine['osystem']), text(this.machine['distro_series'])];
    if (id === undefined) return undefined;
    const version =
      id === 'ubuntu' && series !== undefined && Object.hasOwn(UBUNTU_SERIES, series)
        ? UBUNTU_SERIES[series]
        : undefined;
    return { id, ...optional('version', version) };
  }

  /** Nothing before a machine was commissioned: one node, with neither CPUs nor memory. */
  private nodes(): NodeDocument[] | undefined {
    const nodes = this.list(this.machine['numanode_set'], 'numanode_set').map(([one, place]) => {
      const node: NodeDocument = { id: this.number(one['index'], `${place}.index`) ?? 0 };
      const memory = this.number(one['memory'], `${place}.memory`);
      if (memory !== undefined) node.memoryKib = memory * 1024;
      const { cores } = one;
      if (Array.isArray(cores)) {
        const numbers = cores.map((core, index) => this.number(core, `${place}.cores[${index}]`) ?? 0);
        if (numbers.every((number) => number < 8192)) node.cpus = CpuSet.ofCpus(numbers).toString();
        else this.report(`${place}.cores`, 'a CPU above 8191');
      }
      const hugepages = this.list(one['hugepages_set'], `${place}.hugepages_set`).flatMap(([pool, where]) => {
        // Both in bytes.
        const size = this.number(pool['page_size'], `${where}.page_size`);
        const total = this.number(pool['total'], `${where}.total`);
        return size === undefined || total === undefined || size < 1024 || size % 1024 !== 0
          ? []
          : [{ pageSizeKib: size / 1024, total: Math.floor(total / size) }];
      });
      if (hugepages.length > 0) node.hugepages = hugepages;
      return node;
    });
    const commissioned = nodes.some(({ cpus, memoryKib }) => cpus || memoryKib);
    return commissioned ? nodes.sort((a, b) => a.id - b.id) : undefined;
  }

  /** A physical interface is a NIC; its PCI address isn't told. */
  private nics(): NicDocument[] | undefined {
    if (!Array.isArray(this.machine['interface_set'])) return undefined;
    return this.list(this.machine['interface_set'], 'interface_set').flatMap(([one, place]) => {
      if (one['type'] !== 'physical') return [];
      const functions = this.number(one['sriov_max_vf'], `${place}.sriov_max_vf`);
      const node = this.number(one['numa_node'], `${place}.numa_node`);
      const name = text(one['name']);
      if (name === undefined) {
        this.report(`${place}.name`, `no name: ${showValue(one['name'])}`);
        return [];
      }
      const speed = this.number(one['link_speed'], `${place}.link_speed`);
      const mtu = this.number(one['effective_mtu'], `${place}.effective_mtu`);
      const carrier = one['link_connected'];
      const mac = this.mac(one['mac_address'], `${place}.mac_address`);
      const found: InterfaceDocument = {
        name,
        ...(mac === undefined ? {} : { macAddress: mac, permanentMacAddress: mac }),
        ...optional('mtu', mtu),
        ...optional('carrier', typeof carrier === 'boolean' ? carrier : undefined),
        ...optional('speedMbps', speed || undefined),
      };
      return [
        {
          interfaces: [found],
          ...optional('node', node),
          ...(functions === undefined ? {} : { sriov: functions === 0 ? null : { total: functions } }),
        },
      ];
    });
  }

  private mac(value: unknown, place: string): string | undefined {
    const mac = typeof value === 'string' ? value.toLowerCase() : undefined;
    if (value == null || (mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))) return mac;
    this.report(place, `no MAC address: ${showValue(value)}`);
    return undefined;
  }

  private list(value: unknown, place: string): [JsonObject, string][] {
    if (value == null) return [];
    if (!Array.isArray(value)) {
      this.report(place, `no list: ${showValue(value)}`);
      return [];
    }
    return value.flatMap((one: unknown, index): [JsonObject, string][] => {
      if (isObject(one)) return [[one, `${place}[${index}]`]];
      this.report(`${place}[${index}]`, `no object: ${showValue(one)}`);
      return [];
    });
  }

  private number(value: unknown, place: string): number | undefined {
    if (value == null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.report(place, `no whole number, 0 or more: ${showValue(value)}`);
    return undefined;
  }

  private report(place: string, what: string): void {
    this.source.findings.report(place, what, REMEDY);
  }
}

/** The property, or none. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

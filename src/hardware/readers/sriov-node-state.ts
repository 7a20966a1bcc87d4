import { parseAllDocuments } from 'yaml';
import { messageOf } from '../profile-error';
import { showValue } from '../../values/value-error';
import type { NicDocument, ProfileDocument } from '../profile-document';
import { chooseHost, isObject, type JsonObject, type Reader, type Source } from './reader';

const KIND = 'SriovNetworkNodeState';
const REMEDY = `give what \`oc get sriovnetworknodestates -A -o yaml\` prints`;

/** OpenShift's (the SR-IOV network operator's) SriovNetworkNodeState, in YAML or JSON; also a list of them. */
export const sriovNodeStateReader: Reader = {
  name: KIND,
  recognises: ({ text }) => /(^|[\s{,"'])kind["']?\s*:\s*["']?SriovNetworkNodeState/.test(text),
  read: ([source, ...others], options) => {
    for (const other of others) {
      other.findings.report('', `${source.name} has a node's state already`, 'give one of the two');
    }
    const state = chooseHost(
      states(source).map((value) => ({ names: [text(property(value['metadata'], 'name')) ?? '?'], value })),
      options,
      source,
      KIND,
    );
    const document: ProfileDocument = { schemaVersion: 1 };
    if (!state) return document;
    const name = text(property(state['metadata'], 'name'));
    if (name !== undefined) document.hostName = name;
    const interfaces = property(state['status'], 'interfaces');
    if (!Array.isArray(interfaces)) {
      source.findings.report(
        'status.interfaces',
        'it is missing: the operator has not written what it found yet',
        `wait until the node's syncStatus is Succeeded, and ${REMEDY}`,
      );
      return document;
    }
    document.nics = interfaces.flatMap((one: unknown, index) =>
      nics(one, `status.interfaces[${index}]`, source),
    );
    return document;
  },
};

/** Every scalar is left as text: `deviceID: 1018` and `vendor: 15e3` are no numbers. */
function states(source: Source): JsonObject[] {
  try {
    const documents = parseAllDocuments(source.text, { schema: 'failsafe', uniqueKeys: true });
    const broken = documents.flatMap(({ errors }) => errors);
    for (const { message, linePos } of broken.slice(0, 20)) {
      source.findings.report(
        linePos ? `line ${linePos[0].line}` : '',
        `this is no YAML: ${message.split('\n')[0]?.replace(/ at line.*$/, '') ?? ''}`,
        REMEDY,
      );
    }
    if (broken.length > 0) return [];
    const values: unknown[] = documents.map((document) => document.toJS({ maxAliasCount: 100 }) as unknown);
    return values
      .flatMap((value) =>
        isObject(value) && Array.isArray(value['items']) ? (value['items'] as unknown[]) : [value],
      )
      .filter((value): value is JsonObject => isObject(value) && value['kind'] === KIND);
  } catch (error) {
    // Nested beyond all bounds, or aliases without end.
    source.findings.report('', `this is no YAML: ${messageOf(error)}`, REMEDY);
    return [];
  }
}

/** A physical function, and the virtual functions that it has. */
function nics(value: unknown, place: string, source: Source): NicDocument[] {
  const fields = new Fields(value, place, source);
  const address = fields.address();
  if (address === undefined) return [];
  const total = fields.number('totalvfs');
  const configured = fields.number('numVfs');
  const functions = property(value, 'Vfs');
  const sriov = total === undefined || total === 0 ? null : { total, configured: configured ?? 0 };
  return [
    { ...fields.nic(address), sriov, physicalFunction: null },
    ...(Array.isArray(functions) ? functions : []).flatMap((one: unknown, index): NicDocument[] => {
      const virtual = new Fields(one, `${place}.Vfs[${index}]`, source);
      const own = virtual.address();
      return own === undefined ? [] : [{ ...virtual.nic(own), sriov: null, physicalFunction: address }];
    }),
  ];
}

class Fields {
  constructor(
    private readonly value: unknown,
    private readonly place: string,
    private readonly source: Source,
  ) {}

  address(): string | undefined {
    const given = this.text('pciAddress');
    const [, domain = '0000', rest] =
      /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[01][0-9a-f]\.[0-7])$/i.exec(given ?? '') ?? [];
    if (rest !== undefined) return `${domain}:${rest}`.toLowerCase();
    this.report('pciAddress', 'no PCI address', given);
    return undefined;
  }

  nic(address: string): NicDocument {
    const nic: NicDocument = { address };
    const [vendor, device] = [this.hexadecimal('vendor'), this.hexadecimal('deviceID')];
    if (vendor !== undefined && device !== undefined) nic.device = `${vendor}:${device}`;
    const driver = this.text('driver');
    if (driver !== undefined) nic.driver = driver;
    const name = this.text('name');
    if (name !== undefined) {
      const mac = this.mac();
      const mtu = this.number('mtu');
      const [, speed] = /^([1-9]\d{0,8})\s*Mb\/s$/.exec(this.text('linkSpeed') ?? '') ?? [];
      nic.interfaces = [
        {
          name,
          ...(mac === undefined ? {} : { macAddress: mac }),
          ...(mtu === undefined ? {} : { mtu }),
          ...(speed === undefined ? {} : { speedMbps: Number(speed) }),
        },
      ];
    }
    return nic;
  }

  number(key: string): number | undefined {
    const given = this.text(key);
    if (given === undefined || /^\d{1,9}$/.test(given))
      return given === undefined ? undefined : Number(given);
    this.report(key, 'no whole number', given);
    return undefined;
  }

  private hexadecimal(key: string): string | undefined {
    const given = this.text(key)?.replace(/^0x/i, '').toLowerCase();
    if (given === undefined || /^[0-9a-f]{4}$/.test(given)) return given;
    this.report(key, 'no four hexadecimal digits', given);
    return undefined;
  }

  private mac(): string | undefined {
    const given = this.text('mac')?.toLowerCase();
    if (given === undefined || /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(given)) return given;
    // InfiniBand has 20 bytes.
    if (!/^([0-9a-f]{2}:){19}[0-9a-f]{2}$/.test(given)) this.report('mac', 'no MAC address', given);
    return undefined;
  }

  private text(key: string): string | undefined {
    return text(property(this.value, key));
  }

  private report(key: string, what: string, value: string | undefined): void {
    const got = value === undefined ? 'it is missing' : showValue(value);
    this.source.findings.report(`${this.place}.${key}`, `${what}: ${got}`, REMEDY);
  }
}

function property(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

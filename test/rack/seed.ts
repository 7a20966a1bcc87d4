import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { check } from './process';
import { macAddress, MANAGEMENT, type MachineSpec, type Topology } from './topology';

export const OPERATOR = 'operator';

/** The files of a NoCloud seed. */
export interface Seed {
  readonly 'meta-data': string;
  readonly 'vendor-data': string;
  readonly 'user-data': string | Buffer;
  readonly 'network-config': string;
}

export interface SeedInput {
  readonly topology: Topology;
  readonly machine: MachineSpec;
  /** Distinguishes this machine from every other: cloud-init runs its first-boot parts once per instance. */
  readonly instanceId: string;
  readonly authorizedKey: string;
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
  /** The product's; may be gzip. Default: an empty cloud-config. */
  readonly userData?: string | Buffer;
  /** Default: the management NIC by its MAC address, DHCP, and no other NIC. */
  readonly networkConfig?: string;
}

/** All that is the rack's own goes into vendor-data, so that user-data is free for the product's. */
export function seedOf(input: SeedInput): Seed {
  return {
    'meta-data': yaml({ 'instance-id': input.instanceId, 'local-hostname': input.machine.name }),
    'vendor-data': `#cloud-config\n${yaml(vendorData(input))}`,
    'user-data': input.userData ?? '#cloud-config\n{}\n',
    'network-config': input.networkConfig ?? yaml(networkConfig(input)),
  };
}

/** Every string quoted: cloud-init reads YAML 1.1, to which a MAC address is a number of base 60. */
const yaml = (value: unknown): string =>
  stringify(value, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });

function vendorData(input: SeedInput): unknown {
  return {
    users: [
      {
        name: OPERATOR,
        // Debian has a group of this name already; useradd would refuse to make the user's own.
        primary_group: OPERATOR,
        gecos: 'Operator of the rack',
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
        ssh_authorized_keys: [input.authorizedKey.trim()],
      },
    ],
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: input.hostKey.privateKey,
      ed25519_public: input.hostKey.publicKey.trim(),
    },
    manage_etc_hosts: 'localhost',
  };
}

function networkConfig({ topology, machine }: SeedInput): unknown {
  const nics = machine.nics.filter((nic) => nic.link === MANAGEMENT);
  return {
    version: 2,
    ethernets: Object.fromEntries(
      nics.map((nic) => [
        nic.name,
        { match: { macaddress: macAddress(topology, machine.name, nic) }, dhcp4: true },
      ]),
    ),
  };
}

export async function writeSeed(seed: Seed, iso: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rack-seed-'));
  try {
    for (const [name, content] of Object.entries(seed))
      writeFileSync(join(folder, name), content as string | Buffer);
    await check('genisoimage', ['-quiet', '-output', iso, '-volid', 'cidata', '-joliet', '-rock', folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { seedOf } from './seed';
import { topologyNamed } from './topology';

const topology = topologyNamed('two-sites');
const [east] = topology.machines;
if (east === undefined) throw new Error('two-sites has no machine');

const input = {
  topology,
  machine: east,
  instanceId: 'run-1-east',
  authorizedKey: 'ssh-ed25519 AAAAuser dataplane-rack\n',
  hostKey: { privateKey: '-----BEGIN-----\nabc\n-----END-----\n', publicKey: 'ssh-ed25519 AAAAhost east\n' },
};

/** As cloud-init reads it: PyYAML speaks YAML 1.1. */
const read = (text: string | Buffer): unknown => parse(text.toString(), { version: '1.1' });

test('the management NIC is listed by its MAC address, and no other NIC is', () => {
  expect(read(seedOf(input)['network-config'])).toEqual({
    version: 2,
    ethernets: { management: { match: { macaddress: '52:54:00:00:01:03' }, dhcp4: true } },
  });
});

test('the operator and the host key come by vendor-data', () => {
  const seed = seedOf(input);
  expect(seed['vendor-data']).toMatch(/^#cloud-config\n/);
  expect(read(seed['vendor-data'])).toMatchObject({
    users: [
      {
        name: 'operator',
        primary_group: 'operator',
        lock_passwd: true,
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        ssh_authorized_keys: ['ssh-ed25519 AAAAuser dataplane-rack'],
      },
    ],
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: '-----BEGIN-----\nabc\n-----END-----\n',
      ed25519_public: 'ssh-ed25519 AAAAhost east',
    },
  });
  expect(read(seed['meta-data'])).toEqual({ 'instance-id': 'run-1-east', 'local-hostname': 'east' });
});

test('user-data is empty unless it is given, and then goes in byte by byte', () => {
  expect(read(seedOf(input)['user-data'])).toEqual({});
  const userData = gzipSync('#cloud-config\n{}\n');
  expect(seedOf({ ...input, userData })['user-data']).toBe(userData);
  expect(seedOf({ ...input, networkConfig: 'version: 2\n' })['network-config']).toBe('version: 2\n');
});

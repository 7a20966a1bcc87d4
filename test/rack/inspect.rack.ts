/**
 * `cdktf-dataplane inspect` on a machine of the rack (two NUMA nodes, an IOMMU, three NICs), beside the tools that people
 * look with: lscpu, lspci, ip, numactl. Then with the management NIC in a bond, in a bridge, with a VLAN on it.
 */
import { profileDocument, type ProfileDocument } from '../../src/hardware/profile-document';
import type { Machine } from './machine';
import { check } from './process';
import { Progress } from './progress';
import { untouchedPair } from './provisioned';
import type { Rack } from './rack';

const progress = new Progress({ label: 'inspect' });

/**
 * As an administrator would have it: management on bridge br0, whose port is the bond of the one NIC, and a VLAN beside.
 * One script, so that the session that it cuts off for a moment needn't begin the second half.
 */
const DISGUISE = `
set -e
nic=$1 address=$2 gateway=$3
ip link add bond0 type bond mode active-backup miimon 100
ip link add br0 type bridge
ip link set "$nic" down
ip address flush dev "$nic"
ip link set "$nic" master bond0
ip link set bond0 master br0
ip link set "$nic" up
ip link set bond0 up
ip link set br0 up
ip address add "$address" dev br0
ip route add default via "$gateway" dev br0
ip link add link br0 name br0.100 type vlan id 100
ip address add 192.0.2.1/24 dev br0.100
ip link set br0.100 up
`;

describe('inspect on a machine', () => {
  let rack: Rack | undefined;
  let east: Machine;

  beforeAll(async () => {
    rack = await untouchedPair(progress);
    east = rack.machine('east');
  });

  afterAll(async () => rack?.down());

  async function inspect(): Promise<ProfileDocument> {
    if (rack === undefined) throw new Error('there is no rack');
    const { sshConfiguration } = rack;
    const { stdout } = await progress.step('inspect', () =>
      check(process.execPath, [
        ...['--import', 'tsx', 'src/cli/main.ts'],
        ...['inspect', '--sudo', '--ssh-config', sshConfiguration, 'east'],
      ]),
    );
    return profileDocument.parse(JSON.parse(stdout));
  }

  const rows = async (...words: readonly string[]): Promise<string[]> =>
    (await east.run(words)).trim().split('\n');

  it('says what lscpu, numactl, lspci and ip say', async () => {
    const { cpu, nodes, nics, memory, iommu } = await inspect();

    const lscpu = (await rows('lscpu', '-p=CPU,SOCKET,NODE'))
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(',').map(Number));
    expect(lscpu).toHaveLength(2);
    expect(cpu?.cpus?.map(({ id, socket, node }) => [id, socket, node])).toEqual(lscpu);
    expect(await east.run(['lscpu'])).toContain(`Vendor ID:                ${cpu?.vendor}`);
    expect([...(cpu?.flags ?? [])].sort()).toEqual(
      (await rows('sh', '-c', 'grep -m1 ^flags /proc/cpuinfo')).join('').split(': ')[1]?.split(' ').sort(),
    );

    const numactl = await east.run(['numactl', '-H']);
    expect(nodes?.map(({ id }) => id)).toEqual([0, 1]);
    for (const { id, memoryKib = 0, cpus, distances } of nodes ?? []) {
      expect(numactl).toContain(`node ${id} cpus: ${cpus}\n`);
      expect(numactl).toContain(`node ${id} size: ${Math.floor(memoryKib / 1024)} MB\n`);
      expect(numactl).toMatch(new RegExp(`^ +${id}: +${distances?.join(' +')} *$`, 'm'));
    }
    expect(await east.run(['grep', 'MemTotal', '/proc/meminfo'])).toContain(` ${memory?.totalKib} kB`);

    const lspci = (await rows('lspci', '-D', '-n', '-d', '::0200')).map((line) => line.split(' '));
    expect(nics?.map(({ address, device }) => [address, device])).toEqual(
      lspci.map(([address, , device]) => [address, device]),
    );
    const links = JSON.parse(await east.run(['ip', '-json', 'link'])) as {
      ifname: string;
      address: string;
      mtu: number;
    }[];
    const ours = (nics ?? []).flatMap(({ interfaces = [] }) => interfaces);
    expect(ours).toHaveLength(3);
    for (const { name, macAddress, mtu } of ours) {
      expect(links).toContainEqual(expect.objectContaining({ ifname: name, address: macAddress, mtu }));
    }
    const groups = await rows(
      'sh',
      '-c',
      'for g in /sys/kernel/iommu_groups/*/devices/*; do echo "$g"; done',
    );
    expect(iommu?.enabled).toBe(groups[0]?.includes('/devices/0000:') ?? false);
    expect(nics?.map(({ address, management }) => [address, management])).toEqual([
      ['0000:00:03.0', true],
      ['0000:00:04.0', false],
      ['0000:00:05.0', false],
    ]);
  });

  it('finds the management NIC in a bond, in a bridge, with a VLAN beside', async () => {
    const [management] = (await inspect()).nics ?? [];
    const name = management?.interfaces?.[0]?.name ?? '';
    const [entry] = JSON.parse(await east.run(['ip', '-json', '-4', 'address', 'show', 'dev', name])) as {
      addr_info: { local: string; prefixlen: number }[];
    }[];
    const [route] = JSON.parse(await east.run(['ip', '-json', '-4', 'route', 'show', 'default'])) as {
      gateway: string;
    }[];
    const address = entry?.addr_info[0];
    await progress.step('bond, bridge and VLAN', () =>
      east.run([
        ...['sudo', 'systemd-run', '--wait', '--quiet', '--collect', 'sh', '-c', DISGUISE, 'disguise'],
        ...[name, `${address?.local}/${address?.prefixlen}`, route?.gateway ?? ''],
      ]),
    );
    const { nics = [] } = await inspect();
    expect(nics.map((nic) => nic.management)).toEqual([true, false, false]);
    const chain = (nics[0]?.managementChain ?? []).join('\n');
    expect(chain).toContain(name);
    expect(chain).toContain('bond0');
    expect(chain).toContain('br0');
    // In a bond its address may be the bond's; what the card has is what a plan names it by.
    expect(nics[0]?.interfaces?.[0]?.permanentMacAddress).toBe('52:54:00:00:01:03');
    const [link] = JSON.parse(await east.run(['ip', '-json', '-details', 'link', 'show', name])) as {
      master: string;
    }[];
    expect(link?.master).toBe('bond0');
  });
});

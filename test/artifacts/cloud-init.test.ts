import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import {
  cloudInit,
  gzipUserData,
  installedAgentProgram,
  installedPlanText,
  LEAST_PLATFORM,
  userDataParts,
} from '../../src/artifacts';
import type { PlannedHost } from '../../src/plan/fleet-plan';
import { cloudInitSchema, testWith } from '../tools';
import { writeFiles } from './directory';
import { sampleFleet } from './fixture';

interface UserData {
  readonly write_files: readonly { path: string; permissions: string; encoding?: string; content: string }[];
  readonly runcmd: readonly (readonly string[])[];
  readonly power_state: { readonly mode: string; readonly condition: readonly string[] };
}

function host(name: string): PlannedHost {
  const found = sampleFleet().hosts.find(({ plan }) => plan.host.name === name);
  if (!found) throw new Error(name);
  return found;
}

function judged(release: 'debian-12' | 'debian-13') {
  return testWith(cloudInitSchema(release));
}

describe('user-data', () => {
  const { userData } = cloudInit(host('east'));
  const config = parse(userData) as UserData;

  test('is one cloud-config part and nothing that is rendered, merged or rebooted behind our back', () => {
    expect(userData.split('\n')[0]).toBe('#cloud-config');
    expect(Object.keys(config)).toEqual(['write_files', 'runcmd', 'power_state']);
  });

  test('writes the installed agent, and the plan byte for byte', () => {
    const [agent, plan] = config.write_files;
    expect(agent).toEqual({
      path: '/usr/local/lib/dataplane-host/dataplane-host',
      permissions: '0755',
      content: installedAgentProgram(),
    });
    expect(plan).toEqual({
      path: '/etc/dataplane-host/plan.json',
      permissions: '0644',
      content: installedPlanText(host('east').plan),
    });
  });

  test('applies by one command without a shell, and reboots only where the agent says so', () => {
    const agent = '/usr/local/lib/dataplane-host/dataplane-host';
    expect(config.runcmd).toEqual([[agent, 'apply']]);
    expect(config.power_state).toMatchObject({ mode: 'reboot', condition: [agent, 'needs-reboot'] });
  });

  test('is the same text in every run', () => {
    expect(cloudInit(host('east')).userData).toBe(userData);
    expect(
      userData.replace(/(content: )"#!\/usr\/bin\/python3(\\.|[^"])*"/, '$1"(the agent)"'),
    ).toMatchSnapshot();
  });
});

describe('user-data in gzip form', () => {
  test('has no time and no name in its header, and is the same in every run', () => {
    const { userData } = cloudInit(host('east'));
    const data = gzipUserData(userData);
    expect([...data.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
    expect(gunzipSync(data).toString()).toBe(userData);
    expect(gzipUserData(userData).equals(data)).toBe(true);
  });

  test('of a host with everything is at most 16,384 bytes; the parts say where they go', () => {
    const parts = userDataParts(host('east'));
    const total = gzipUserData(cloudInit(host('east')).userData).length;
    expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
    const table = parts.map(({ name, bytes }) => `${String(bytes).padStart(6)} ${name}`).join('\n');
    const limit = LEAST_PLATFORM.limit ?? 0;
    if (total > limit) throw new Error(`${total} bytes, the limit is ${limit}\n${table}`);
  });
});

describe('meta-data', () => {
  test('names the instance after the host, so that a changed plan is no new instance', () => {
    const { plan, ...rest } = host('east');
    const changed = { ...rest, plan: { ...plan, retired: true } };
    expect(cloudInit(host('east')).metaData).toBe(
      'instance-id: "dataplane-host-east"\nlocal-hostname: "east"\n',
    );
    expect(cloudInit(changed).metaData).toBe(cloudInit(host('east')).metaData);
    expect(cloudInit(changed).userData).not.toBe(cloudInit(host('east')).userData);
  });
});

describe('network-config', () => {
  test('DHCP on the management NIC, found by its MAC address', () => {
    expect(parse(cloudInit(host('east')).networkConfig)).toEqual({
      version: 2,
      ethernets: { management: { match: { macaddress: '52:54:00:00:00:01' }, dhcp4: true } },
    });
  });

  test('static addresses, gateway, name servers', () => {
    expect(cloudInit(host('west')).networkConfig).toMatchSnapshot();
  });

  test('nothing is said where nothing is known: not even that there is no NIC', () => {
    const { networkConfig } = cloudInit({ ...host('east'), management: null });
    expect(parse(networkConfig)).toBeNull();
    expect(networkConfig).toMatch(/^#/);
  });
});

describe("cloud-init's own judgement", () => {
  for (const release of ['debian-12', 'debian-13'] as const) {
    judged(release)(
      `${release}: user-data of a host with everything is valid`,
      ({ findings }) => {
        const directory = writeFiles([{ path: 'user-data', content: cloudInit(host('east')).userData }]);
        try {
          expect(findings(join(directory, 'user-data'), 'cloud-config')).toBeNull();
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      },
      60_000,
    );
  }

  judged('debian-13')(
    'debian-13: network-config with DHCP and with static addresses is valid',
    ({ findings }) => {
      for (const name of ['east', 'west']) {
        const directory = writeFiles([
          { path: 'network-config', content: cloudInit(host(name)).networkConfig },
        ]);
        try {
          expect(findings(join(directory, 'network-config'), 'network-config')).toBeNull();
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      }
    },
    60_000,
  );
});

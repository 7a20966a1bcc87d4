/** User-data against what each platform takes: of whole stacks, at the byte. */
import { App, TerraformStack } from 'cdktf';
import {
  DataplaneHost,
  Deployment,
  Srv6Tunnel,
  UserDataPlatform,
  ValueError,
  type Finding,
  type UserDataForm,
} from '../../constructs';
import { gzipUserData } from '../../src/artifacts';
import { formatFinding } from '../../src/rules';
import { site } from '../rules/fixtures';

interface Built {
  readonly findings: readonly Finding[];
  readonly userData: string;
}

/** An edge host with a tunnel to so many inner addresses, none of which compresses well. */
function edge(destinations: number, userDataPlatform?: UserDataPlatform): Built {
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  const { host, tenants } = site(stack, 'edge', 1, { host: { userDataPlatform } });
  new Srv6Tunnel(stack, 'tunnel', {
    from: tenants,
    remoteIp: 'fd00:a::9',
    destinations: Array.from({ length: destinations }, (_, index) => {
      const word = (factor: number) => ((index * factor + factor) % 65_521).toString(16);
      return `fd00:${word(7919)}:${word(10_007)}:${word(31_337)}::${word(104_729)}`;
    }),
  });
  const deployment = Deployment.of(stack);
  return {
    findings: deployment.findings().filter(({ rule }) => rule.startsWith('cloud-init/')),
    userData: deployment._userData(host),
  };
}

const { userData } = edge(40);
const gzip = gzipUserData(userData);
const SIZES: Readonly<Record<UserDataForm, number>> = {
  text: Buffer.byteLength(userData),
  gzip: gzip.length,
  base64: gzip.toString('base64').length,
};

test.each(Object.entries(SIZES) as [UserDataForm, number][])(
  'counted as %s, %d bytes fit into a limit of as many, and not into one less',
  (counts, bytes) => {
    const limited = (limit: number) =>
      edge(40, UserDataPlatform.of({ name: 'Ours', limit, counts })).findings;
    expect(limited(bytes)).toEqual([]);
    const [finding, ...others] = limited(bytes - 1);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      rule: 'cloud-init/user-data-platform',
      severity: 'error',
      path: 'lab/edge',
    });
    const [text, compressed, base64] = [SIZES.text, SIZES.gzip, SIZES.base64].map((n) =>
      n.toLocaleString('en'),
    );
    expect(finding?.what[0]).toBe(
      `user-data of edge: text ${text} bytes, gzip ${compressed}, base64 of that ${base64}; Ours takes ${(bytes - 1).toLocaleString('en')} of ${counts}`,
    );
    expect(finding?.what[1]).toMatch(
      /^gzip: the agent [\d,]+ \+ the plan [\d,]+ \+ the rest -?[\d,]+ = [\d,]+ bytes$/,
    );
  },
);

describe('a plan too large for EC2', () => {
  const LARGE = 100;

  test('is a warning where nobody says where it goes, and can be acknowledged', () => {
    const [finding, ...others] = edge(LARGE).findings;
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      rule: 'cloud-init/user-data-size',
      severity: 'warning',
      path: 'lab/edge',
    });
    expect(finding?.what[0]).toMatch(/; EC2 takes 16,384 of gzip$/);
  });

  test('is an error for EC2, with the remedy', () => {
    const { findings } = edge(LARGE, UserDataPlatform.EC2);
    expect(findings.map(({ severity }) => severity)).toEqual(['error']);
    expect(findings.map(formatFinding).join('\n')).toContain('start it from a disk with the seed');
  });

  test.each([
    UserDataPlatform.OPENSTACK,
    UserDataPlatform.AZURE,
    UserDataPlatform.GOOGLE_CLOUD,
    UserDataPlatform.DIGITALOCEAN,
    UserDataPlatform.VSPHERE,
    UserDataPlatform.NO_CLOUD,
  ])('is none for %s', (platform) => expect(edge(LARGE, platform).findings).toEqual([]));
});

test('Oracle counts all metadata, and the finding says so', () => {
  const { findings } = edge(400, UserDataPlatform.ORACLE_CLOUD);
  expect(findings.map(({ what }) => what[0]).join('\n')).toMatch(
    /Oracle Cloud takes 32,000 of base64, SSH keys and all other metadata included$/,
  );
});

test('limits are those of the documentation', () =>
  expect(
    [
      UserDataPlatform.EC2,
      UserDataPlatform.OPENSTACK,
      UserDataPlatform.AZURE,
      UserDataPlatform.GOOGLE_CLOUD,
      UserDataPlatform.ORACLE_CLOUD,
      UserDataPlatform.HETZNER_CLOUD,
      UserDataPlatform.DIGITALOCEAN,
      UserDataPlatform.VSPHERE,
      UserDataPlatform.NO_CLOUD,
    ].map(({ name, limit, counts }) => `${name}: ${limit ?? 'any'} ${counts}`),
  ).toEqual([
    'EC2: 16384 gzip',
    'OpenStack: 65535 base64',
    'Azure: 65535 gzip',
    'Google Cloud: 262144 text',
    'Oracle Cloud: 32000 base64',
    'Hetzner Cloud: 32768 base64',
    'DigitalOcean: 65536 text',
    'vSphere: 524288 text',
    'NoCloud: any text',
  ]));

test('a platform of one’s own needs a limit that is one', () => {
  const counts = 'text' as const;
  expect(() => UserDataPlatform.of({ name: 'Ours', limit: 0, counts })).toThrow(ValueError);
  expect(() => UserDataPlatform.of({ name: 'Ours', limit: 1.5, counts })).toThrow(ValueError);
  expect(() => UserDataPlatform.of({ name: 'Ours', limit: 1, counts: 'gz' as never })).toThrow(ValueError);
});

test('what is no platform is found with the prop and what to say', () => {
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  new DataplaneHost(stack, 'edge', { userDataPlatform: 'ec2' as never });
  const [finding] = Deployment.of(stack).findings();
  expect(finding).toMatchObject({ rule: 'props/invalid', what: ["userDataPlatform is 'ec2'"] });
  expect(finding?.remedy).toContain('UserDataPlatform.EC2');
});

/** What a hardware profile changes: findings, and nothing that is written. */
import type { TerraformStack } from 'cdktf';
import {
  BootParameters,
  CpuPartition,
  DataplaneHost,
  type Finding,
  HardwareProfile,
  HugepagePool,
} from '../../constructs';
import { synthesize } from '../synth';
import { findingsOf, plainHost, site } from './fixtures';
import { machine, machineWithNics, nic } from './machines';

const build =
  (hardware?: HardwareProfile) =>
  (stack: TerraformStack): void => {
    const { host } = site(stack, 'east', 1, { host: { hardware }, ovs: { pmdCpus: '1' } });
    new CpuPartition(host, 'cpus', { housekeeping: '0,4', dataplane: '1,5' });
  };

const ofSeverity = (findings: readonly Finding[], wanted: string): string[] =>
  findings.filter(({ severity }) => severity === wanted).map(({ rule }) => rule);

test('plan and Terraform are the same with a profile and without', () => {
  const [without, withProfile] = [synthesize(build()), synthesize(build(machine()))];
  expect(JSON.stringify(withProfile.plan)).toBe(JSON.stringify(without.plan));
  expect(withProfile.terraform).toEqual(without.terraform);
  for (const path of ['hosts/east/plan.json', 'hosts/east/user-data', 'ansible/inventory.yaml']) {
    expect(withProfile.artifact(path)).toBe(without.artifact(path));
  }
});

test('without a profile one note says so, with a whole one nothing does', () => {
  expect(ofSeverity(findingsOf(build()), 'note')).toEqual(['hardware/unchecked']);
  expect(ofSeverity(findingsOf(build(machine())), 'note')).toEqual([]);
});

test('a warning becomes an annotation, a note does not', () => {
  const stacks: TerraformStack[] = [];
  const { findings } = synthesize((stack) => {
    stacks.push(stack);
    build()(stack);
    new BootParameters(DataplaneHost.of(stack), 'extra', { arguments: ['amd_iommu=on'] });
  });
  expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set(['warning', 'note']));
  const annotations = stacks
    .flatMap(({ node }) => node.findAll())
    .flatMap(({ node }) => node.metadata.map(({ data }) => String(data)));
  expect(annotations.filter((text) => text.includes('boot/iommu-useless-argument'))).toHaveLength(1);
  expect(annotations.filter((text) => text.includes('hardware/unchecked'))).toEqual([]);
});

test('what one profile says counts for its own host only', () => {
  const other = machineWithNics(nic({ address: '0000:04:00.0', management: true, managementChain: ['ssh'] }));
  const findings = findingsOf((stack) => {
    site(stack, 'east', 1, { host: { hardware: machine() } });
    site(stack, 'west', 2, { host: { hardware: other } });
  });
  expect(findings.filter(({ severity }) => severity === 'error').map(({ path }) => path)).toEqual([
    'lab/west/uplink',
  ]);
});

test('the document of a profile is no profile: the finding says how to make one of it', () => {
  const document = JSON.parse(machine().toText()) as HardwareProfile;
  const [finding, ...others] = findingsOf((stack) => plainHost(stack, 'edge', { hardware: document }));
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ rule: 'props/invalid', path: 'lab/edge' });
  expect(finding?.remedy).toContain("HardwareProfile.fromFile('hardware/edge-1.json')");
});

test.each([
  [undefined, '', 'edge has node 0, 1 (hardware profile)'],
  ['dataplane-host inspect', '', 'edge has node 0, 1 (dataplane-host inspect)'],
  ['dataplane-host inspect', 'hardware/edge-1.json', 'edge has node 0, 1 (hardware/edge-1.json)'],
])('a profile made by %s, in the file "%s": %s', (source, file, says) => {
  const document = { ...(JSON.parse(machine().toText()) as object), source };
  const hardware = HardwareProfile.fromJson(JSON.parse(JSON.stringify(document)), file);
  const findings = findingsOf(
    (stack) => new HugepagePool(plainHost(stack, 'edge', { hardware }), 'pool', { perNode: { 9: 1 } }),
  );
  expect(findings.flatMap(({ what }) => what).join('\n')).toContain(says);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ansible, ansibleLint, ask, cloudInitSchema, python, testWith } from './tools';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-test-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe("the judges can tell right from wrong (a judge that accepts all would pass every artifact's test)", () => {
  for (const release of ['debian-12', 'debian-13'] as const) {
    testWith(cloudInitSchema(release))(`cloud-init of ${release}: cloud-config`, ({ findings }) => {
      const right = file('right', '#cloud-config\nwrite_files:\n- path: "/etc/x"\n  content: "x"\n');
      expect(findings(right, 'cloud-config')).toBeNull();
      const wrong = file('wrong', '#cloud-config\nwrite_files:\n- path: 5\n');
      expect(findings(wrong, 'cloud-config')).toMatch(/write_files\.0\.path: 5 is not of type 'string'/);
      const noHeader = file('no-header', 'write_files: []\n');
      expect(findings(noHeader, 'cloud-config')).toMatch(/#cloud-config/);
    });
  }

  testWith(cloudInitSchema('debian-13'))('cloud-init of debian-13: network-config', ({ findings }) => {
    const config = (dhcp: string) =>
      `version: 2\nethernets:\n  mgmt:\n    match: {macaddress: "52:54:00:00:00:01"}\n    dhcp4: ${dhcp}\n`;
    expect(findings(file('right', config('true')), 'network-config')).toBeNull();
    expect(findings(file('wrong', config('perhaps')), 'network-config')).toMatch(/ethernets\.mgmt\.dhcp4/);
  });

  testWith(cloudInitSchema('debian-12'))(
    'cloud-init of Debian 12 is the version that Debian 12 has',
    (tool) => {
      expect(tool.version).toMatch(/^22\.4\.2-/);
    },
  );

  testWith(ansible())('ansible-playbook: a syntax error', ({ playbook }) => {
    const play = (module: string) =>
      `---\n- name: P\n  hosts: all\n  tasks:\n    - name: T\n      ${module}:\n`;
    const check = (path: string) => ask(playbook, ['--syntax-check', path]).code;
    expect(check(file('right.yml', play('ansible.builtin.ping')))).toBe(0);
    expect(check(file('wrong.yml', play('ansible.builtin.pinggg')))).not.toBe(0);
  });

  testWith(ansibleLint())('ansible-lint: the production profile', ({ command }) => {
    const play = (name: string) =>
      `---\n- name: ${name}\n  hosts: all\n  tasks:\n    - name: ${name}\n      ansible.builtin.ping:\n`;
    const lint = (path: string) =>
      ask(command, ['--offline', '--profile', 'production', path], { cwd: directory });
    expect(lint(file('right.yml', play('Ask')))).toMatchObject({ code: 0 });
    const wrong = lint(file('wrong.yml', play('ask')));
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout).toContain('name[casing]');
  });

  testWith(python())('PyYAML reads YAML 1.1', ({ command }) => {
    const { stdout } = ask(command, ['-c', 'import yaml; print(yaml.safe_load("[on, 0644, 1:20]"))']);
    expect(stdout.trim()).toBe('[True, 420, 80]');
  });
});

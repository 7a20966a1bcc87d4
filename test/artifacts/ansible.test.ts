import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { artifacts } from '../../src/artifacts';
import type { ArtifactFile } from '../../src/artifacts';
import { ansible, ansibleLint, ask, testWith } from '../tools';
import { writeFiles } from './directory';
import { NOTHING_FOUND, sampleFleet } from './fixture';

const files = [...artifacts(sampleFleet(), NOTHING_FOUND)];

function content(file: ArtifactFile | undefined): string {
  return Buffer.from(file?.content ?? '').toString();
}

function text(path: string): string {
  return content(files.find((file) => file.path === path));
}

let directory: string;
let project: string;
beforeAll(() => {
  directory = writeFiles(files);
  project = join(directory, 'ansible');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the Ansible project', () => {
  test('inventory and playbooks', () => {
    for (const name of ['inventory', 'site', 'undo', 'verify']) {
      expect(text(`ansible/${name}.yaml`)).toMatchSnapshot(name);
    }
  });

  test('knows the hosts that it can reach, and no other', () => {
    expect(text('ansible/inventory.yaml')).toContain('east');
    expect(text('ansible/inventory.yaml')).not.toContain('seed');
    expect(files.map(({ path }) => path)).toContain('hosts/seed/user-data');
  });

  test('rolls out in the order of the batches and undoes in the reverse order', () => {
    const groups = (path: string) => (parse(text(path)) as { hosts: string }[]).map(({ hosts }) => hosts);
    expect(groups('ansible/site.yaml')).toEqual([
      'dataplane_batch_1',
      'dataplane_batch_2',
      'dataplane_hosts',
    ]);
    expect(groups('ansible/undo.yaml')).toEqual([
      'dataplane_batch_2',
      'dataplane_batch_1',
      'dataplane_hosts',
    ]);
  });

  test('uses ansible.builtin only', () => {
    const tasks = files
      .filter(({ path }) => /\.ya?ml$/.test(path))
      .map(content)
      .join('\n');
    const modules = [...tasks.matchAll(/^ +"?([a-z_]+\.[a-z_]+\.[a-z_]+)"?:/gm)].map(([, name]) => name);
    expect(modules.length).toBeGreaterThan(10);
    expect(modules.filter((name) => !name?.startsWith('ansible.builtin.'))).toEqual([]);
  });

  testWith(ansibleLint())(
    'ansible-lint: production profile, no skips',
    ({ command }) => {
      const { code, stdout, stderr } = ask(
        command,
        ['--offline', '--strict', '--profile', 'production', '.'],
        {
          cwd: project,
          env: { ANSIBLE_CONFIG: undefined, PATH: `${dirname(command)}:${process.env.PATH}` },
        },
      );
      expect(`${stdout}${stderr}`).toMatch(/Passed.*: 0 failure\(s\), 0 warning\(s\)/);
      expect(code).toBe(0);
      expect(files.filter((file) => /noqa|skip_list|yamllint disable/.test(content(file)))).toEqual([]);
    },
    120_000,
  );

  testWith(ansible())(
    'every playbook: --syntax-check',
    ({ playbook }) => {
      for (const name of ['site.yaml', 'undo.yaml', 'verify.yaml']) {
        expect(ask(playbook, ['--syntax-check', name], { cwd: project })).toMatchObject({ code: 0 });
      }
    },
    60_000,
  );

  testWith(ansible())(
    'the inventory, as Ansible reads it',
    ({ playbook }) => {
      const inventory = join(dirname(playbook), 'ansible-inventory');
      const { stdout } = ask(inventory, ['--list'], { cwd: project });
      const {
        _meta: { hostvars },
      } = JSON.parse(stdout) as { _meta: { hostvars: Record<string, Record<string, unknown>> } };
      expect(hostvars.east).toMatchObject({
        ansible_host: '192.0.2.1',
        ansible_port: 2201,
        ansible_user: 'operator',
        ansible_ssh_private_key_file: '~/.ssh/rack key',
        ansible_ssh_common_args: `-o IdentitiesOnly=yes -o 'UserKnownHostsFile="/etc/ssh/rack known_hosts"'`,
        dataplane_host_reboot: 'whenNeeded',
        dataplane_host_reboot_timeout: 900,
      });
    },
    60_000,
  );

  testWith(ansible())(
    'an address that Terraform knows comes from the environment; without it the error names it',
    ({ playbook }) => {
      const show = (env: Record<string, string>) =>
        ask(
          join(dirname(playbook), 'ansible'),
          ['west', '-m', 'ansible.builtin.debug', '-a', 'var=ansible_host'],
          {
            cwd: project,
            env: { DATAPLANE_ADDRESS_WEST: undefined, ...env },
          },
        ).stdout;
      expect(show({ DATAPLANE_ADDRESS_WEST: '198.51.100.7' })).toContain('198.51.100.7');
      const { stdout, stderr } = ask(playbook, ['site.yaml', '--limit', 'west'], {
        cwd: project,
        env: { DATAPLANE_ADDRESS_WEST: undefined },
      });
      expect(`${stdout}${stderr}`).toContain(
        'set the environment variable DATAPLANE_ADDRESS_WEST to the address',
      );
    },
    60_000,
  );
});

describe('index.json', () => {
  test('names every file, and equal fleets are equal bytes', () => {
    expect([...artifacts(sampleFleet(), NOTHING_FOUND)]).toEqual(files);
    const index = JSON.parse(text('index.json')) as { files: { path: string; sha256: string }[] };
    const others = files.map(({ path }) => path).filter((path) => path !== 'index.json');
    expect(index.files.map(({ path }) => path)).toEqual(others.sort());
    expect(index.files[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const judge = ask(
      'sha256sum',
      index.files.map(({ path }) => join(directory, path)),
    );
    expect(
      judge.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(index.files.map(({ sha256 }) => sha256));
  });

  test('no file has a path of this machine', () => {
    for (const file of files) expect(content(file)).not.toContain(process.cwd());
  });
});

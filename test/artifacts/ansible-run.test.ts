import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifacts, installedPlanText, planText } from '../../src/artifacts';
import type { FleetPlan, PlannedHost } from '../../src/plan/fleet-plan';
import type { Stages } from '../../src/plan/host-plan';
import { ansible, ask, testWith } from '../tools';
import { writeFiles } from './directory';
import { hostPlan, NOTHING_FOUND, sampleFleet } from './fixture';
import { Sshd, sshdPossible } from './sshd';
import { agentBelow, agentThatAnswers, agentThatAnswersInTurn, type Answer } from './stand-in-agent';

/** A plan that asks for nothing but the agent itself: it can be applied below any directory. */
const NOTHING: Stages = {
  packages: { packages: [] },
  boot: { arguments: [], modules: [] },
  devices: { hugepages: [], nics: [] },
  dataplane: { openVSwitch: null },
  network: { sysctls: {}, links: [], routes: [], neighbours: [], flows: [] },
};

const ANSWER: Answer = {
  changed: false,
  changes: [],
  rebootRequired: false,
  rebootReasons: [],
  problems: [],
};

function smallHost(name: string, retired = false): PlannedHost {
  const [sample] = sampleFleet().hosts;
  if (!sample) throw new Error('no sample');
  const plan = { ...hostPlan(name, NOTHING), agentModules: [], retired };
  // A construct's path is a user's text: nothing in it may be taken for a template.
  return {
    ...sample,
    reboot: 'never',
    plan: { ...plan, host: { ...plan.host, path: `{{ 7 * 7 }}/{% if %}/ü/${name}` } },
  };
}

function fleet(...hosts: PlannedHost[]): FleetPlan {
  return { hosts, batches: hosts.map(({ plan }) => [plan.host.name]) };
}

const LOCAL = { ansible_connection: 'local', ansible_become: false };

/** The project in a directory of its own, and a host below `root`. */
class Bench {
  readonly directory: string;
  readonly root: string;

  constructor(
    hosts: FleetPlan,
    private readonly variables: Record<string, unknown> = LOCAL,
  ) {
    this.directory = writeFiles(artifacts(hosts, NOTHING_FOUND));
    this.root = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-host-'));
    for (const name of [
      'etc',
      'proc',
      'run',
      'sys',
      'usr/local/lib',
      'usr/local/sbin',
      'var/lib',
      'etc/systemd/system',
    ]) {
      mkdirSync(join(this.root, name), { recursive: true });
    }
    this.carry(agentBelow(this.root));
  }

  carry(agent: string): void {
    writeFileSync(join(this.directory, 'ansible/roles/dataplane_host/files/agent.b64'), agent);
  }

  play(
    playbook: string,
    book: string,
    ...args: string[]
  ): { code: number; text: string; recap: Record<string, string> } {
    const { code, stdout, stderr } = ask(playbook, [book, '-e', JSON.stringify(this.variables), ...args], {
      cwd: join(this.directory, 'ansible'),
      env: { ANSIBLE_FORCE_COLOR: '0', ANSIBLE_NOCOLOR: '1', ANSIBLE_CONFIG: undefined },
      timeoutSeconds: 120,
    });
    const recap = [...stdout.matchAll(/^(\S+) +: ok=\d+ +(changed=\d+) +(unreachable=\d+) +(failed=\d+)/gm)];
    return {
      code,
      text: `${stdout}${stderr}`,
      recap: Object.fromEntries(recap.map(([, host, ...counts]) => [host ?? '', counts.join(' ')])),
    };
  }

  /** Every file of the host, with its content. */
  files(): Record<string, string> {
    const names = readdirSync(this.root, { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      names
        .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.lock'))
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [
          path.slice(this.root.length),
          existsSync(path) ? readFileSync(path, 'latin1') : 'link',
        ]),
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.root, { recursive: true, force: true });
  }
}

let bench: Bench | undefined;
afterEach(() => bench?.remove());

const GOOD = (changed: number) => `changed=${changed} unreachable=0 failed=0`;

describe('the playbooks with the real agent, on a host below a directory', () => {
  testWith(ansible())(
    'check mode shows and changes nothing; apply, again, verify, undo, again',
    ({ playbook }) => {
      const here = (bench = new Bench(fleet(smallHost('east'))));
      const before = here.files();

      const check = here.play(playbook, 'site.yaml', '--check', '--diff');
      expect(check).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      expect(check.text).toContain('agent: plan /etc/dataplane-host/plan.json: create');
      expect(check.text).toContain('+ "retired": false');
      expect(here.files()).toEqual(before);

      const first = here.play(playbook, 'site.yaml');
      expect(first).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      expect(here.files()['/etc/dataplane-host/plan.json']).toBe(
        Buffer.from(installedPlanText(smallHost('east').plan)).toString('latin1'),
      );

      const applied = here.files();
      expect(here.play(playbook, 'site.yaml', '--check')).toMatchObject({
        code: 0,
        recap: { east: GOOD(0) },
      });
      expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });
      expect(here.play(playbook, 'verify.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });
      expect(here.files()).toEqual(applied);

      expect(here.play(playbook, 'undo.yaml', '--check')).toMatchObject({
        code: 0,
        recap: { east: GOOD(1) },
      });
      expect(here.files()).toEqual(applied);
      expect(here.play(playbook, 'undo.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      expect(here.files()).toEqual(before);
      expect(here.play(playbook, 'undo.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });

      const verify = here.play(playbook, 'verify.yaml');
      expect(verify).toMatchObject({ code: 2, recap: { east: 'changed=0 unreachable=0 failed=1' } });
      expect(verify.text).toContain('/etc/dataplane-host/plan.json');
      expect(verify.text).toMatch(/^ +remedy: /m);
    },
    180_000,
  );

  testWith(ansible())(
    'a retired host is undone by site.yaml',
    ({ playbook }) => {
      const here = (bench = new Bench(fleet(smallHost('east'))));
      const before = here.files();
      here.play(playbook, 'site.yaml');
      writeFileSync(join(here.directory, 'hosts/east/plan.json'), planText(smallHost('east', true).plan));
      expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      expect(here.files()).toEqual(before);
      expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });
    },
    60_000,
  );
});

describe('what the agent says', () => {
  const refused = {
    what: 'carries management and may not be taken',
    where: 'devices: 0000:03:00.0',
    value: 'eth0 <- default route',
    remedy: 'name another NIC',
  };

  testWith(ansible())(
    'problems are text; the batches after are not touched',
    ({ playbook }) => {
      const here = (bench = new Bench(fleet(smallHost('east'), smallHost('west'))));
      here.carry(agentThatAnswers({ ...ANSWER, problems: [refused] }));
      const { code, text, recap } = here.play(playbook, 'site.yaml');
      expect(code).toBe(2);
      expect(recap).toEqual({ east: 'changed=0 unreachable=0 failed=1' });
      expect(text).toMatch(
        /^ +east:\n +carries management and may not be taken\n +where: devices: 0000:03:00\.0\n +value: eth0 <- default route\n +remedy: name another NIC$/m,
      );
    },
    60_000,
  );

  testWith(ansible())(
    'an agent that dies says how',
    ({ playbook }) => {
      const here = (bench = new Bench(fleet(smallHost('east'))));
      here.carry(agentThatAnswers(ANSWER, 'sys.exit("dataplane-host: error: the plan is torn")'));
      const { code, text } = here.play(playbook, 'site.yaml');
      expect(code).toBe(2);
      expect(text).toContain('the plan is torn');
      expect(text).not.toContain('Traceback');
    },
    60_000,
  );

  testWith(ansible())(
    'what the agent says after a reboot counts: a failed trial fails the run, a good one ends it well',
    ({ playbook }) => {
      const reboot = { ...ANSWER, changed: true, rebootRequired: true, rebootReasons: ['iommu=pt'] };
      const what = 'the boot arguments were tried and failed';
      const failed = { ...ANSWER, problems: [{ what, where: 'boot', value: 'iommu=pt', remedy: 'look' }] };
      for (const [after, code, words] of [
        [failed, 2, what],
        [reboot, 2, 'east was rebooted and still wants a reboot: iommu=pt'],
        [ANSWER, 0, 'failed=0'],
      ] as const) {
        const bench = new Bench(fleet({ ...smallHost('east'), reboot: 'whenNeeded' }));
        bench.carry(agentThatAnswersInTurn(join(bench.root, 'calls'), [reboot, after]));
        // The one task that can't be run here: it would reboot this machine.
        const tasks = join(bench.directory, 'ansible/roles/dataplane_host/tasks/reboot.yml');
        const text = readFileSync(tasks, 'utf8');
        const without = text.replace(
          /ansible\.builtin\.reboot:\n( +)reboot_timeout:.*\n +msg:.*\n/,
          'ansible.builtin.pause:\n$1seconds: 0\n',
        );
        expect(without).not.toBe(text);
        writeFileSync(tasks, without);
        const run = bench.play(playbook, 'site.yaml');
        expect(run.text).toContain(words);
        expect(run.code).toBe(code);
        expect(readFileSync(join(bench.root, 'calls'), 'utf8')).toBe('xx');
      }
    },
  );

  testWith(ansible())(
    'a reboot that is not allowed: the run ends well, and its last words name host and reason',
    ({ playbook }) => {
      const here = (bench = new Bench(fleet(smallHost('east'), smallHost('west'))));
      here.carry(
        agentThatAnswers({ ...ANSWER, rebootRequired: true, rebootReasons: ['iommu=pt is not in force'] }),
      );
      const { code, text, recap } = here.play(playbook, 'site.yaml');
      expect({ code, recap }).toEqual({ code: 0, recap: { east: GOOD(0), west: GOOD(0) } });
      const lastPlay = text.slice(text.lastIndexOf('PLAY ['), text.indexOf('PLAY RECAP'));
      expect(lastPlay).toContain('east waits for a reboot: iommu=pt is not in force');
      expect(lastPlay).toContain('west waits for a reboot: iommu=pt is not in force');
      expect(text).not.toContain('Reboot the host');
    },
    60_000,
  );
});

describe('over a real SSH connection', () => {
  let started: Sshd | undefined;
  let sshd: Sshd;
  let keys = '';
  const possible = sshdPossible();
  const tool = ansible();
  const sshTest = testWith(possible.available ? tool : possible) as ReturnType<
    typeof testWith<{ playbook: string }>
  >;

  beforeAll(async () => {
    if (!possible.available || !tool.available) return;
    keys = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-sshd-'));
    sshd = started = await Sshd.prepare(keys);
    // What Ansible calls as ssh: each line of `calls` is one round trip.
    writeFileSync(sshd.path('ssh'), `#!/bin/sh\necho call >> ${sshd.path('calls')}\nexec ssh "$@"\n`);
    chmodSync(sshd.path('ssh'), 0o755);
    await sshd.start();
  }, 120_000);
  afterAll(async () => {
    await started?.stop();
    if (keys) rmSync(keys, { recursive: true, force: true });
  });

  function remoteBench(): Bench {
    return new Bench(fleet(smallHost('east')), {
      ansible_host: '127.0.0.1',
      ansible_port: sshd.port,
      ansible_user: 'root',
      ansible_become: false,
      ansible_ssh_executable: sshd.path('ssh'),
      ansible_ssh_private_key_file: sshd.path('key'),
      ansible_ssh_common_args: `-o UserKnownHostsFile=${sshd.path('known_hosts')} -o IdentitiesOnly=yes`,
      // No master of one test serves the next.
      ansible_control_path: `${mkdtempSync(join(keys, 'cp-'))}/%%C`,
      ansible_ssh_args: '-o ControlMaster=auto -o ControlPersist=5s',
      dataplane_host_reboot_timeout: 20,
    });
  }

  function roundTrips(run: () => void): number {
    rmSync(sshd.path('calls'), { force: true });
    run();
    return readFileSync(sshd.path('calls'), 'utf8').trim().split('\n').length;
  }

  sshTest(
    'with nothing to do: changed=0, at most three round trips',
    ({ playbook }) => {
      const here = (bench = remoteBench());
      expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      const trips = roundTrips(() => {
        expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });
      });
      expect(trips).toBeLessThanOrEqual(3);
    },
    60_000,
  );

  sshTest(
    'a host key that is not the known one ends the run at once, with the remedy',
    ({ playbook }) => {
      const here = (bench = remoteBench());
      sshd.trust('other-key');
      try {
        const began = Date.now();
        const { code, text, recap } = here.play(playbook, 'site.yaml');
        expect(code).toBe(2);
        expect(recap).toEqual({ east: 'changed=0 unreachable=0 failed=1' });
        expect(text).toContain('remedy: host keys are always checked');
        expect(Date.now() - began).toBeLessThan(15_000);
      } finally {
        sshd.trust('host-key');
      }
    },
    60_000,
  );

  sshTest(
    'a connection that breaks in the middle (cloud-init reboots its host): waits, and calls again',
    ({ playbook }) => {
      const here = (bench = remoteBench());
      const marker = join(here.root, 'broken');
      // The first call takes its own connection away, as a host that shuts down does.
      const breaking = [
        'import os, signal, time',
        `if not os.path.exists(${JSON.stringify(marker)}):`,
        ` open(${JSON.stringify(marker)}, "w").close()`,
        ' pid = os.getpid()',
        ' while open(f"/proc/{pid}/comm").read().strip() not in ("sshd", "sshd-session"): pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])',
        ' os.kill(pid, signal.SIGKILL); time.sleep(30)',
      ].join('\n');
      here.carry(agentThatAnswers({ ...ANSWER, changed: true }, breaking));
      const { code, text, recap } = here.play(playbook, 'site.yaml');
      expect(text).toContain('TASK [dataplane_host : Wait for the host]');
      expect({ code, recap }).toEqual({ code: 0, recap: { east: GOOD(1) } });
    },
    90_000,
  );

  sshTest(
    'a first boot at which cloud-init is still at work: the same call waits for its end',
    ({ playbook }) => {
      const here = (bench = remoteBench());
      mkdirSync(sshd.path('bin'), { recursive: true });
      const waited = sshd.path('waited');
      const program = `#!/bin/sh\necho "$@" > ${waited}\nsleep 1\ntouch /run/cloud-init/result.json\n`;
      writeFileSync(sshd.path('bin/cloud-init'), program, { mode: 0o755 });
      const onHost = (command: string) => {
        const options = ['-o', `UserKnownHostsFile=${sshd.path('known_hosts')}`, '-i', sshd.path('key')];
        return ask('ssh', [...options, '-p', String(sshd.port), 'root@127.0.0.1', command]);
      };
      expect(onHost('mkdir /run/cloud-init')).toMatchObject({ code: 0 });
      const trips = roundTrips(() => {
        expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(1) } });
      });
      expect(trips).toBe(1);
      expect(readFileSync(waited, 'utf8')).toBe('status --wait\n');
      rmSync(waited);
      expect(here.play(playbook, 'site.yaml')).toMatchObject({ code: 0, recap: { east: GOOD(0) } });
      expect(existsSync(waited)).toBe(false);
      expect(onHost('rm -r /run/cloud-init')).toMatchObject({ code: 0 });
    },
    120_000,
  );
});

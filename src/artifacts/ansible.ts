import { gzipSync } from 'fflate';
import type { ConnectionPlan, FleetPlan, PlannedHost } from '../plan/fleet-plan';
import { ansibleSources, fullAgentBundle } from './agent-bundle';
import type { TextFile } from './artifact-file';
import { yamlKey, yamlLines, yamlString, yamlText } from './yaml';

const GROUP = 'dataplane_hosts';
const ROLE = 'dataplane_host';
const LINE_WIDTH = 100;

/** The Ansible project: what is the same for every fleet (src/agent/ansible), and inventory and playbooks for this one. */
export function ansibleProject(fleet: FleetPlan): TextFile[] {
  const batches = reachableBatches(fleet);
  const files: Record<string, string> = {
    ...ansibleSources(),
    [`roles/${ROLE}/files/agent.b64`]: agentText(),
    'inventory.yaml': inventory(batches),
    'site.yaml': document([...rollingPlays('Bring to its plan', batchNumbers(batches)), lastWords()]),
    'undo.yaml': document([...rollingPlays('Undo', batchNumbers(batches).reverse(), 'undo'), lastWords()]),
    'verify.yaml': document([play('Compare every host with its plan', GROUP, 'verify')]),
  };
  return Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => ({ path: `ansible/${path}`, content }));
}

/** A host that Ansible can reach. */
interface ReachableHost extends PlannedHost {
  readonly connection: ConnectionPlan;
}

/** The fleet's batches without the hosts that only cloud-init reaches. */
function reachableBatches(fleet: FleetPlan): ReachableHost[][] {
  const hosts = new Map<string, ReachableHost>();
  for (const host of fleet.hosts) {
    if (host.connection !== null) hosts.set(host.plan.host.name, { ...host, connection: host.connection });
  }
  return fleet.batches
    .map((names) => names.flatMap((name) => hosts.get(name) ?? []))
    .filter((batch) => batch.length > 0);
}

function batchNumbers(batches: readonly unknown[]): number[] {
  return batches.map((_, index) => index + 1);
}

function batchGroup(number: number): string {
  return `dataplane_batch_${number}`;
}

function inventory(batches: readonly (readonly ReachableHost[])[]): string {
  const place = (batch: number): string => `HOSTS ${batch}`;
  const children = Object.fromEntries(
    batchNumbers(batches).map((batch) => [batchGroup(batch), { hosts: place(batch) }]),
  );
  const frame = document({
    all: {
      children: {
        [GROUP]: {
          // As in ansible.cfg, for whoever uses this inventory from elsewhere.
          vars: { ansible_python_interpreter: '/usr/bin/python3', ansible_pipelining: true },
          children,
        },
      },
    },
  });
  return batches.reduce((text, hosts, index) => {
    const [before = '', after = ''] = text.split(` ${yamlString(place(index + 1))}\n`);
    const indent = ' '.repeat(before.length - before.lastIndexOf('\n') + 1 - 'hosts:'.length);
    return `${before}\n${hosts.map((host) => inventoryHost(host, indent)).join('')}${after}`;
  }, frame);
}

function inventoryHost(host: ReachableHost, indent: string): string {
  const variables = yamlLines(hostVariables(host), `${indent}  `, LINE_WIDTH);
  return `${indent}${yamlKey(host.plan.host.name)}:\n${variables}`;
}

function hostVariables({ connection, reboot }: ReachableHost): Record<string, string | number | boolean> {
  const { address, port, user, identityFile, knownHostsFile, rebootTimeoutSeconds } = connection;
  const sshArguments = [
    ...(identityFile === null ? [] : ['-o', 'IdentitiesOnly=yes']),
    ...(knownHostsFile === null ? [] : ['-o', `UserKnownHostsFile=${sshPath(knownHostsFile)}`]),
  ];
  return {
    ansible_host:
      typeof address === 'string' ? literal(address) : fromEnvironment(address.environmentVariable),
    ...(port !== null && { ansible_port: port }),
    ...(user !== null && { ansible_user: literal(user) }),
    // Who is root already needs no sudo, and a small image has none.
    ...(user === 'root' && { ansible_become: false }),
    ...(identityFile !== null && { ansible_ssh_private_key_file: literal(identityFile) }),
    ...(sshArguments.length > 0 && {
      ansible_ssh_common_args: literal(sshArguments.map(shellWord).join(' ')),
    }),
    dataplane_host_reboot: reboot,
    dataplane_host_reboot_timeout: rebootTimeoutSeconds,
  };
}

/** A Terraform reference: its value is known when Terraform runs the playbook, and stands in no file. */
function fromEnvironment(variable: string): string {
  const hint = `set the environment variable ${variable} to the address of this host, as cdktf deploy does`;
  return `{{ lookup('ansible.builtin.env', '${variable}', default=undef(hint='${hint}')) }}`;
}

/** Inventory values are templates: text with braces must not be read as one. */
function literal(text: string): string {
  return /\{[{%#]/.test(text) ? `{{ ${JSON.stringify(text)} }}` : text;
}

/** As ssh reads a path in an option: quoted where it has spaces, `%` begins a token. */
function sshPath(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/** As Ansible splits ansible_ssh_common_args: like a POSIX shell. */
function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** One play a batch, in this order; a host that fails ends the run after the step at which it failed. */
function rollingPlays(title: string, numbers: readonly number[], entryPoint?: 'undo'): unknown[] {
  return numbers.map((number) => ({
    ...play(`${title}: batch ${number} of ${numbers.length}`, batchGroup(number), entryPoint),
  }));
}

function play(name: string, hosts: string, entryPoint?: 'undo' | 'verify'): Record<string, unknown> {
  return {
    name,
    hosts,
    gather_facts: false,
    become: true,
    // Not any_errors_fatal, which ends the run, and well, at a host that is only waited for.
    ...(entryPoint !== 'verify' && { max_fail_percentage: 0 }),
    tasks: [
      {
        name: 'Use the role',
        'ansible.builtin.import_role': { name: ROLE, ...(entryPoint && { tasks_from: entryPoint }) },
      },
    ],
  };
}

/** The last thing that a person reads before the recap. */
function lastWords(): unknown {
  const reasons = 'hostvars[item].dataplane_host_reboot_reasons';
  return {
    name: 'Name the hosts that wait for a reboot',
    hosts: GROUP,
    gather_facts: false,
    tasks: [
      {
        name: 'A reboot is needed',
        'ansible.builtin.debug': {
          msg: [
            `{{ item }} waits for a reboot: {{ ${reasons} | join('; ') }}`,
            'It was not rebooted: the stack does not allow it. Reboot it when it suits, or allow it: ' +
              '`reboot: Reboot.whenNeeded()` in the stack, `-e dataplane_host_reboot=whenNeeded` for one run.',
          ],
        },
        loop: '{{ ansible_play_hosts_all }}',
        run_once: true,
        when: `${reasons} | default([]) | length > 0`,
      },
    ],
  };
}

/** The whole agent, as the role's bootstrap reads it: base64 of gzip. */
function agentText(): string {
  return Buffer.from(gzipSync(fullAgentBundle(), { level: 6, mtime: 0 })).toString('base64');
}

/** yamllint, which ansible-lint runs, wants the mark of a document's start and no line over 160 characters. */
function document(value: unknown): string {
  return `---\n${yamlText(value, LINE_WIDTH)}`;
}

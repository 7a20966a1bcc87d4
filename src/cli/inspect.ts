import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { HardwareProfile } from '../hardware/hardware-profile';
import { messageOf } from '../hardware/profile-error';
import { isKnown } from '../hardware/unknown';
import type { Privilege } from './agent-program';
import { askHost } from './ask-host';
import { CommandError, say, type Streams } from './streams';

const HELP = `Usage: cdktf-dataplane inspect [OPTION]... [USER@]HOST [-- SSH-OPTION...]

Prints the hardware profile of a host as JSON: CPUs, NUMA nodes, memory, IOMMU, boot loader, and each NIC with whether it
carries management. It runs over SSH. Nothing is installed or written on the host, which needs Python 3.9 or newer.

    npx cdktf-dataplane inspect admin@edge-1 > hardware/edge-1.json
    npx cdktf-dataplane inspect --output hardware/edge-1.json edge-1 -- -p 2222 -i ~/.ssh/edge

Options:
  -o, --output FILE      write the profile to FILE, whole or not at all (default: standard output)
  -F, --ssh-config FILE  ssh's configuration file (default: ssh's own)
      --sudo             fail where neither the login is root nor sudo works without a password
      --no-sudo          stay what the login is; without root it can't be told which NICs carry management
                         (default: root by sudo -n where that works, and a warning where it doesn't)
  -h, --help             this text

SSH is the one on PATH with its own configuration; it checks host keys. Options for it stand behind \`--\`.

Exit codes: 0 printed (warnings are on standard error), 1 failed, 2 wrong usage.
`;

/** `cdktf-dataplane inspect`. */
export async function inspect(args: readonly string[], streams: Streams): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    streams.out(HELP);
    return 0;
  }
  const { host, output } = options;
  say(streams, host, 'asking over SSH; nothing is written on the host');
  const answer = await askHost(options);
  const profile = HardwareProfile.fromText({ name: `the answer of ${host}`, text: answer });
  const text = profile.toText();
  if (output === undefined) streams.out(text);
  else writeWhole(output, text);
  for (const line of summary(profile)) say(streams, host, line);
  if (output !== undefined) say(streams, host, `wrote ${output}`);
  return 0;
}

interface InspectOptions {
  readonly host: string;
  readonly output: string | undefined;
  readonly privilege: Privilege;
  readonly sshOptions: readonly string[];
}

function readOptions(args: readonly string[]): InspectOptions | 'help' {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const sshOptions = end === -1 ? [] : args.slice(end + 1);
  const { values, positionals } = parsed(own);
  if (values.help) return 'help';
  const [host, ...more] = positionals;
  if (host === undefined) throw usage('no host is named');
  if (more.length > 0)
    throw usage(`one host at a time: ${positionals.join(' ')}; options of ssh stand behind --`);
  if (host === '' || host.startsWith('-') || /[\s\p{Cc}]/u.test(host)) throw usage(`no host: '${host}'`);
  if (values.sudo && values['no-sudo']) throw usage('--sudo and --no-sudo exclude each other');
  const config = values['ssh-config'];
  return {
    host,
    output: values.output,
    privilege: values.sudo ? 'root' : values['no-sudo'] ? 'as-logged-in' : 'root-where-possible',
    sshOptions: [...(config === undefined ? [] : ['-F', config]), ...sshOptions],
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o' },
        'ssh-config': { type: 'string', short: 'F' },
        sudo: { type: 'boolean' },
        'no-sudo': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const why = messageOf(error);
    throw usage(why.replace(/\. To specify .*$/s, ''));
  }
}

function usage(what: string): CommandError {
  return new CommandError(`${what}; see cdktf-dataplane inspect --help`, 2);
}

/** What a person wants to see at a glance, and what could not be seen. */
function summary(profile: HardwareProfile): string[] {
  const { nodes, cpus, cores, memoryKib, nics } = profile;
  const parts = [
    isKnown(nodes) ? counted(nodes.length, 'NUMA node') : '',
    isKnown(cpus)
      ? counted(cpus.size, 'CPU') + (isKnown(cores) ? ` (${counted(cores.length, 'core')})` : '')
      : '',
    isKnown(memoryKib) ? `${(memoryKib / 1048576).toFixed(1)} GiB` : '',
    isKnown(nics) ? counted(nics.length, 'NIC') : '',
  ];
  const known = isKnown(nics) ? nics : [];
  const lines = [parts.filter((part) => part !== '').join(', ')];
  for (const nic of known.filter(({ management }) => management === true)) {
    lines.push(`${nic.toString()} carries management: ${nic.managementChain.join(' <- ')}`);
  }
  const unseen = known.filter(({ management }) => !isKnown(management));
  if (unseen.length > 0) {
    const [reason] = unseen.flatMap(({ managementChain }) => managementChain);
    lines.push(
      `warning: whether ${unseen.map((nic) => nic.toString()).join(', ')} carries management is missing in the profile: ${reason ?? 'not told'}`,
    );
  }
  if (profile.privileged === false) {
    lines.push(
      'warning: this was not done by root: SSH sessions and closed configuration files of the host were not seen; log in as root, or allow sudo without a password (--sudo shows why it is refused)',
    );
  }
  return lines;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A run that fails leaves the file that was there. */
function writeWhole(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  } catch (error) {
    if (existsSync(unfinished)) rmSync(unfinished);
    throw new CommandError(`${path} can't be written: ${messageOf(error)}`);
  }
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './process';

/** What ssh, Ansible and a stack's Connection need to reach a machine. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
}

/** Quotes words for the login shell at the other end: ssh joins them with blanks and has a shell read the result. */
export function quoteForShell(words: readonly string[]): string {
  return words
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** An OpenSSH client configuration that knows the machines by name: `ssh -F FILE east`. */
export function sshConfiguration(machines: Readonly<Record<string, SshTarget>>): string {
  // ssh replaces %-sequences in paths.
  const path = (text: string): string => `"${text.replaceAll('%', '%%')}"`;
  return Object.entries(machines)
    .map(([name, target]) =>
      [
        `Host ${name}`,
        `  HostName ${target.host}`,
        `  Port ${target.port}`,
        `  User ${target.user}`,
        `  IdentityFile ${path(target.identityFile)}`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile ${path(target.knownHostsFile)}`,
        '  GlobalKnownHostsFile /dev/null',
        '  StrictHostKeyChecking yes',
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** For scripts: an end to waiting, and one connection that later commands share. */
export function sharedConnection(socket: string | null): readonly string[] {
  return [
    ...['-o', 'ConnectTimeout=120', '-o', 'ServerAliveInterval=10', '-o', 'ServerAliveCountMax=6'],
    ...['-o', 'LogLevel=ERROR', '-o', 'BatchMode=yes'],
    ...(socket === null
      ? ['-o', 'ControlPath=none']
      : ['-o', 'ControlMaster=auto', '-o', `ControlPath=${socket}`, '-o', 'ControlPersist=60']),
  ];
}

export const knownHostsLine = (port: number, publicKey: string): string =>
  `[127.0.0.1]:${port} ${publicKey.trim().split(' ').slice(0, 2).join(' ')}\n`;

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Makes the run's own key and one host key for each machine: known before the machine first boots. */
export async function makeKeys(folder: string, machines: readonly string[]): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  const names = ['id_ed25519', ...machines.map((machine) => `${machine}.host_key`)];
  for (const name of names) {
    const comment = name === 'id_ed25519' ? 'dataplane-rack' : name;
    await check('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(folder, name)]);
  }
}

export const identityFile = (folder: string): string => join(folder, 'id_ed25519');

export function readKeys(folder: string, name: string): KeyPair {
  return {
    privateKey: readFileSync(join(folder, name), 'utf8'),
    publicKey: readFileSync(join(folder, `${name}.pub`), 'utf8'),
  };
}

/** known_hosts and ssh_config of a run, as its ports are now. */
export function writeClientFiles(
  files: { readonly knownHosts: string; readonly configuration: string; readonly keys: string },
  targets: Readonly<Record<string, SshTarget>>,
): void {
  const known = Object.entries(targets).map(([machine, { port }]) =>
    knownHostsLine(port, readKeys(files.keys, `${machine}.host_key`).publicKey),
  );
  writeFileSync(files.knownHosts, known.join(''), { mode: 0o600 });
  writeFileSync(files.configuration, sshConfiguration(targets), { mode: 0o600 });
}

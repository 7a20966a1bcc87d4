/** Ansible for tests and the demo: the project's own where it was made, otherwise the machine's. */
import { environmentIsCurrent, environmentProgram } from './python-environment';
import { ask } from './processes';
import type { Tool } from './tool';

/** What the playbooks are written for (Debian 12's own). */
const OLDEST = [2, 14] as const;

export interface Ansible {
  /** The program `ansible-playbook`. */
  readonly playbook: string;
  readonly version: string;
}

export function findAnsible(): Tool<Ansible> {
  const playbook = environmentIsCurrent() ? environmentProgram('ansible-playbook') : 'ansible-playbook';
  const { code, stdout, stderr } = ask(playbook, ['--version']);
  if (code === 127) {
    return { available: false, reason: 'there is no ansible-playbook here; run: npm run setup' };
  }
  const version = /\[core (\d+\.\d+[^\]]*)\]/.exec(stdout)?.[1];
  if (version === undefined) {
    return { available: false, reason: `ansible-playbook --version: exit ${code}: ${stderr.trim()}` };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return {
      available: false,
      reason: `ansible-core is ${version}; ${OLDEST.join('.')} or newer is needed; run: npm run setup`,
    };
  }
  return { available: true, playbook, version };
}

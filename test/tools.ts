/**
 * Every foreign tool that tests use. Each is usable, or says why not; a test that needs one is declared with
 * `testWith`, so that its skip shows the reason.
 *
 *     testWith(tools.ansible())('the playbook has no syntax error', (ansible) => { … ansible.playbook … });
 */
import { existsSync } from 'node:fs';
import { environmentIsCurrent, environmentProgram } from '../scripts/python-environment';
import { ask } from '../scripts/processes';
import type { Tool } from '../scripts/tool';

export { ask } from '../scripts/processes';
export type { Answer, AskOptions } from '../scripts/processes';
export type { Tool } from '../scripts/tool';
export { findAnsible as ansible, type Ansible } from '../scripts/ansible';
export { findCloudInitSchema as cloudInitSchema, type CloudInitSchema } from '../scripts/cloud-init';
export { findTerraform as terraform, type Terraform } from '../scripts/terraform';

export interface Program {
  readonly command: string;
}

/** Always the project's own, whatever the machine has: what it finds depends on its version. */
export const ansibleLint = (): Tool<Program> => fromEnvironment('ansible-lint');
export const yamllint = (): Tool<Program> => fromEnvironment('yamllint');
/** A Python that has PyYAML (a YAML 1.1 reader), jsonschema and Jinja2. */
export const python = (): Tool<Program> => fromEnvironment('python');

export const go = (): Tool<Program> => onPath('go', ['version']);
/** Microsoft's reader of SARIF (npm: @microsoft/sarif-multitool), a hundred megabytes: judges where it is installed. */
export const sarifMultitool = (): Tool<Program> => onPath('sarif-multitool', ['--version']);
export const systemdAnalyze = (): Tool<Program> => onPath('systemd-analyze', ['--version']);

/** For what only root may do on this machine (network namespaces, loop devices). */
export function root(): Tool<unknown> {
  return process.getuid?.() === 0 ? { available: true } : { available: false, reason: 'not root' };
}

/** `test`, or a skip whose name ends in the reason. */
export function testWith<T>(tool: Tool<T>) {
  return (name: string, body: (tool: T) => void | Promise<void>, timeoutMilliseconds?: number): void => {
    if (!tool.available) {
      test.skip(`${name} [skipped: ${tool.reason}]`, () => undefined);
      return;
    }
    const run = async () => {
      await body(tool);
    };
    test(name, run, timeoutMilliseconds);
  };
}

function fromEnvironment(program: string): Tool<Program> {
  const command = environmentProgram(program);
  return environmentIsCurrent() && existsSync(command)
    ? { available: true, command }
    : { available: false, reason: `${program} isn't in .venv; run: npm run setup` };
}

function onPath(command: string, versionArguments: readonly string[]): Tool<Program> {
  const { code, stderr } = ask(command, versionArguments);
  if (code === 0) return { available: true, command };
  return {
    available: false,
    reason:
      code === 127
        ? `${command} is not on PATH`
        : `${command} ${versionArguments.join(' ')}: exit ${code}: ${stderr.trim()}`,
  };
}

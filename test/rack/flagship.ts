import { lastLines, RackError, type RunResult } from './process';
import type { Progress } from './progress';

/** The product's front page. */
export const FLAGSHIP = { app: 'examples/srv6-two-sites/main.ts', stackId: 'two-sites' };

/** The same stack with what a test changes in it. */
export const EDGE_PAIR_APP = 'test/rack/stacks/edge-pair.ts';

export function changed(change: object): Record<string, string> {
  return { EDGE_PAIR: JSON.stringify(change) };
}

/** A command that has to end well, as one step; its last words are the error's otherwise. */
export async function onRack(
  progress: Progress,
  title: string,
  command: () => Promise<RunResult>,
): Promise<RunResult> {
  return progress.step(title, async () => {
    const result = await command();
    if (result.exitCode === 0) return result;
    throw new RackError(
      `${title}: exit code ${result.exitCode}\n${lastLines(result.stdout + result.stderr, 60)}`,
    );
  });
}

/** A command that has to fail; hands back all that it said. */
export async function failsOnRack(
  progress: Progress,
  title: string,
  command: () => Promise<RunResult>,
): Promise<string> {
  return progress.step(title, async () => {
    const { exitCode, stdout, stderr } = await command();
    if (exitCode !== 0) return stdout + stderr;
    throw new RackError(`${title}: exit code 0\n${lastLines(stdout + stderr, 80)}`);
  });
}

/** How a playbook ended for each host: Ansible's recap. */
export function recap(output: string): [string, { changed: number; failed: number; unreachable: number }][] {
  return [...output.matchAll(/^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm)].map(
    ([, name = '', change, unreachable, failed]) => [
      name,
      { changed: Number(change), failed: Number(failed), unreachable: Number(unreachable) },
    ],
  );
}

import { gzipSync, strFromU8, strToU8, unzipSync, zipSync, type Unzipped } from 'fflate';
import { fullAgentBundle } from '../../src/artifacts';

/** As the role carries an agent: base64 of gzip of a zipapp. */
function carried(files: Unzipped): string {
  return Buffer.from(gzipSync(zipSync(files, { level: 0 }))).toString('base64');
}

/** The real agent, for a host below a directory: its entry point adds --root. */
export function agentBelow(root: string): string {
  const bundle = fullAgentBundle();
  const files = unzipSync(bundle.subarray(bundle.indexOf('\n') + 1));
  const main = strFromU8(files['__main__.py'] ?? new Uint8Array());
  const rooted = `import sys\nsys.argv[2:2] = ["--root", ${JSON.stringify(root)}]\n${main}`;
  return carried({ ...files, '__main__.py': strToU8(rooted) });
}

/** What the agent's `--json` says. */
export interface Answer {
  readonly changed: boolean;
  readonly changes: readonly Record<string, unknown>[];
  readonly rebootRequired: boolean;
  readonly rebootReasons: readonly string[];
  readonly problems: readonly { what: string; where: string; value: string; remedy: string }[];
}

/**
 * An agent that answers this whatever it is asked, for what can't happen on the machine that tests (a reboot that is
 * due, a driver that refuses). `first`: Python that it runs before.
 */
export function agentThatAnswers(answer: Answer, first = ''): string {
  const bundle = fullAgentBundle();
  const files = unzipSync(bundle.subarray(bundle.indexOf('\n') + 1));
  const main = `import sys\n${first}\nprint(${JSON.stringify(JSON.stringify(answer))})\nsys.exit(${answer.problems.length > 0 ? 1 : 0})\n`;
  return carried({ ...files, '__main__.py': strToU8(main) });
}

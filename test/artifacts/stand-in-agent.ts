import { gzipSync, strFromU8, strToU8, unzipSync, zipSync, type Unzipped } from 'fflate';
import { fullAgentBundle } from '../../src/artifacts';

/** As the role carries an agent: base64 of gzip of a zipapp. */
function carried(files: Unzipped): string {
  return Buffer.from(gzipSync(zipSync(files, { level: 0 }))).toString('base64');
}

/** The real agent's modules behind another entry point. */
function agentWithMain(change: (main: string) => string): string {
  const bundle = fullAgentBundle();
  const files = unzipSync(bundle.subarray(bundle.indexOf('\n') + 1));
  const main = strFromU8(files['__main__.py'] ?? new Uint8Array());
  return carried({ ...files, '__main__.py': strToU8(change(main)) });
}

/** The real agent, for a host below a directory: its entry point adds --root. */
export function agentBelow(root: string): string {
  return agentWithMain((main) => `import sys\nsys.argv[2:2] = ["--root", ${JSON.stringify(root)}]\n${main}`);
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
  const end = `sys.exit(${answer.problems.length > 0 ? 1 : 0})`;
  return agentWithMain(
    () => `import sys\n${first}\nprint(${JSON.stringify(JSON.stringify(answer))})\n${end}\n`,
  );
}

/** An agent that answers its calls with these in turn, and the last of them from then on. `counter`: a file of its own. */
export function agentThatAnswersInTurn(counter: string, answers: readonly Answer[]): string {
  const texts = answers.map((answer) => JSON.stringify(answer));
  const codes = answers.map(({ problems }) => (problems.length > 0 ? 1 : 0));
  const main = [
    'import os, sys',
    `counter = ${JSON.stringify(counter)}`,
    'calls = os.path.getsize(counter) if os.path.exists(counter) else 0',
    'open(counter, "a").write("x")',
    `turn = min(calls, ${answers.length - 1})`,
    `print(${JSON.stringify(texts)}[turn])`,
    `sys.exit(${JSON.stringify(codes)}[turn])`,
    '',
  ].join('\n');
  return agentWithMain(() => main);
}

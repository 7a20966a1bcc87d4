/** The lint rules that hold the architecture: the real configuration, run over a small project that breaks them. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ask } from './tools';

const PROJECT = join(__dirname, '..');

/** File to text; what is linted must compile, since the rules ask for types. */
const FILES = {
  'examples/stack.ts': "import { host } from '../constructs/host';\nexport const stack = host;\n",
  'constructs/host.ts':
    "import { App } from 'cdktf';\nimport { render } from '../src/artifacts/render';\nexport const host = [App, render];\n",
  'constructs/upwards.ts': "import { stack } from '../examples/stack';\nexport const upwards = stack;\n",
  'src/artifacts/render.ts': "import { plan } from '../plan/plan';\nexport const render = plan;\n",
  'src/rules/type-import.ts': "export type { Render } from '../artifacts/types';\n",
  'src/artifacts/types.ts': 'export type Render = string;\n',
  'src/plan/plan.ts': "import { size } from '../values/size';\nexport const plan = size;\n",
  'src/plan/inline-type.ts': "export type Rule = import('../rules/rule').Rule;\n",
  'src/rules/rule.ts': 'export type Rule = string;\n',
  'src/plan/dynamic.ts': "export const later = async () => await import('./../../constructs/host');\n",
  'src/platforms/platform.ts': "import { nic } from '../hardware/nic';\nexport const platform = nic;\n",
  'src/hardware/nic.ts': "export const nic = '0000:00:04.0';\n",
  'src/values/size.ts': 'export const size = 1;\n',
  'src/values/framework.ts': "export { Token } from 'cdktf';\n",
  'src/values/constructs-package.ts': "export { Construct } from 'constructs';\n",
  'src/values/provider.ts': "export { Resource } from '@cdktf/provider-null/lib/resource';\n",
  'src/values/test-help.ts': "export { tools } from '../../test/tools';\n",
  'test/tools.ts': "import { render } from '../src/artifacts/render';\nexport const tools = render;\n",
  'src/values/any.ts': 'export const anything = (value: any): unknown => value;\n',
  'src/values/non-null.ts': 'export const first = (list: readonly string[]): string => list[0]!;\n',
};

describe('lint', () => {
  let found: Record<string, string[]>;

  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-lint-'));
    try {
      for (const name of ['eslint.config.mjs', 'tsconfig.json', 'scripts/eslint-layers.mjs']) {
        cpSync(join(PROJECT, name), join(directory, name));
      }
      symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
      for (const [name, text] of Object.entries(FILES)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
      const eslint = join(dirname(require.resolve('eslint/package.json')), 'bin', 'eslint.js');
      const answer = ask(process.execPath, [eslint, '--format', 'json', ...Object.keys(FILES)], {
        cwd: directory,
      });
      const report = JSON.parse(answer.stdout) as readonly {
        readonly filePath: string;
        readonly messages: readonly { readonly ruleId: string; readonly message: string }[];
      }[];
      found = Object.fromEntries(
        report.map(({ filePath, messages }) => [
          relative(directory, filePath),
          messages.map(({ ruleId, message }) => (ruleId === 'dataplane/layers' ? message : ruleId)),
        ]),
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 60_000);

  const order =
    'examples → constructs → src/cli → src/artifacts → src/rules → src/plan → src/platforms, src/hardware → src/values';
  test.each([
    ['constructs/upwards.ts', `constructs may not import examples: imports run ${order}`],
    ['src/rules/type-import.ts', `src/rules may not import src/artifacts: imports run ${order}`],
    ['src/plan/inline-type.ts', `src/plan may not import src/rules: imports run ${order}`],
    ['src/plan/dynamic.ts', `src/plan may not import constructs: imports run ${order}`],
    ['src/platforms/platform.ts', `src/platforms may not import src/hardware: imports run ${order}`],
    [
      'src/values/framework.ts',
      "src/values may not import 'cdktf': only constructs/ and what stands above it knows cdktf",
    ],
    [
      'src/values/constructs-package.ts',
      "src/values may not import 'constructs': only constructs/ and what stands above it knows cdktf",
    ],
    [
      'src/values/provider.ts',
      "src/values may not import '@cdktf/provider-null/lib/resource': only constructs/ and what stands above it knows cdktf",
    ],
    [
      'src/values/test-help.ts',
      'src/values may not import test/tools: what tests and scripts need is no part of the library',
    ],
  ])('refuses %s', (file, message) => {
    expect(found[file]).toContain(message);
  });

  test.each([
    ['src/values/any.ts', '@typescript-eslint/no-explicit-any'],
    ['src/values/non-null.ts', '@typescript-eslint/no-non-null-assertion'],
  ])('refuses %s by %s', (file, rule) => {
    expect(found[file]).toContain(rule);
  });

  test.each([
    'examples/stack.ts',
    'constructs/host.ts',
    'src/artifacts/render.ts',
    'src/plan/plan.ts',
    'test/tools.ts',
  ])('allows %s', (file) => {
    expect(found[file]).toEqual([]);
  });
});

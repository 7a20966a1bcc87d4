import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../tools';

const PROJECT = join(__dirname, '..', '..');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-build-agent-'));
  mkdirSync(join(directory, 'scripts'));
  mkdirSync(join(directory, 'src', 'agent', 'dataplane_host'), { recursive: true });
  for (const name of ['build-agent.py', 'agent_build'])
    cpSync(join(PROJECT, 'scripts', name), join(directory, 'scripts', name), { recursive: true });
  module('__init__', 'FULL = True\n');
  module('__main__', 'from dataplane_host.sample import main\nmain()\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function module(name: string, source: string): void {
  writeFileSync(join(directory, 'src', 'agent', 'dataplane_host', `${name}.py`), source);
}

function build() {
  return ask('python3', [join(directory, 'scripts', 'build-agent.py')]);
}

interface Built {
  readonly modules: Record<string, string>;
  readonly installedProgram: string;
}

function agent(): Built {
  return JSON.parse(readFileSync(join(directory, 'lib', 'agent', 'agent.json'), 'utf8')) as Built;
}

function built(name: string): string | undefined {
  return agent().modules[name];
}

describe('build-agent.py', () => {
  test('leaves out comments, docstrings and blank lines, and nothing else', () => {
    module(
      'sample',
      [
        '"""The module."""',
        'import os  # why',
        '',
        'TEXT = """keep # this',
        '',
        '    and this"""',
        'HASH = "# no comment"',
        'class A:',
        '    """Only a docstring."""',
        'class B:',
        '    """Docstring."""',
        '    size = 1',
        '    def method(self,',
        '               other=2):',
        "        'docstring'",
        '        # comment',
        '        if other and \\',
        '                self:',
        '            return f"{other}#{self}"',
        '        "a string that is no docstring"; x = [',
        '            1,  # one',
        '        ]',
        '        return x',
        'def f(): "docstring"',
      ].join('\n'),
    );
    expect(build()).toMatchObject({ code: 0, stderr: '' });
    expect(built('sample')).toBe(
      [
        'import os',
        'TEXT = """keep # this',
        '',
        '    and this"""',
        'HASH = "# no comment"',
        'class A:',
        ' pass',
        'class B:',
        ' size = 1',
        ' def method(self,',
        'other=2):',
        '  if other and \\',
        'self:',
        '   return f"{other}#{self}"',
        '  "a string that is no docstring"; x = [',
        '1,',
        ']',
        '  return x',
        'def f(): pass',
        '',
      ].join('\n'),
    );
  });

  test('names file and line of what Python 3.9 has not', () => {
    module('sample', 'x = 1\nmatch x:\n    case 1: pass\n');
    const { code, stderr } = build();
    expect(code).toBe(1);
    expect(stderr).toMatch(/sample\.py:\d: not Python 3\.9: /);
  });

  test('the installed edition is without what only the full one does, and whatever that alone uses', () => {
    module(
      'sample',
      [
        'import json',
        'import re',
        'from . import FULL',
        'PATTERN = re.compile("x")',
        'def main(): print(Kept().answer(), getattr(Kept, "by_name"))',
        'def unused(): return also_unused()',
        'def also_unused(): return PATTERN',
        'class Kept:',
        '    by_name = 2',
        '    other = 3',
        '    def answer(self):',
        '        if FULL and self:',
        '            return self.long()',
        '        return "short" if not FULL else "full"',
        '    def long(self): return json.dumps(unused())',
      ].join('\n'),
    );
    expect(build()).toMatchObject({ code: 0, stderr: '' });
    const program = join(directory, 'program');
    writeFileSync(program, agent().installedProgram);
    expect(ask('python3', [program])).toMatchObject({ code: 0, stdout: 'short 2\n' });
    const installed = readFileSync(program, 'latin1');
    expect(installed).toContain('by_name');
    for (const gone of ['json', 're', 'unused', 'long', 'other', 'FULL', '"full"'])
      expect(installed).not.toMatch(new RegExp(`\\b${gone}\\b`));
    expect(built('sample')).toContain('json.dumps');
  });

  test('equal sources are equal bytes', () => {
    module('sample', 'def main(): print(1)\n');
    build();
    const first = agent();
    rmSync(join(directory, 'lib'), { recursive: true });
    expect(build().code).toBe(0);
    expect(agent()).toEqual(first);
  });
});

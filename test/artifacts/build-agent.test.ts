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
  cpSync(join(PROJECT, 'scripts', 'build-agent.py'), join(directory, 'scripts', 'build-agent.py'));
  module('stages', 'OPTIONAL_MODULES = ("sample",)\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function module(name: string, source: string): void {
  writeFileSync(join(directory, 'src', 'agent', 'dataplane_host', `${name}.py`), source);
}

function build() {
  return ask('python3', [join(directory, 'scripts', 'build-agent.py')]);
}

function built(name: string): string | undefined {
  const text = readFileSync(join(directory, 'lib', 'agent', 'agent.json'), 'utf8');
  return (JSON.parse(text) as { modules: Record<string, string> }).modules[name];
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

  test('the agent itself: core and optional modules are those of its own list', () => {
    const output = join(directory, 'agent.json');
    expect(ask('python3', [join(PROJECT, 'scripts', 'build-agent.py'), '--output', output])).toMatchObject({
      code: 0,
    });
    const agent = JSON.parse(readFileSync(output, 'utf8')) as Record<string, string[]>;
    expect(agent.optionalModules).toEqual([
      'boot',
      'guard',
      'hugepages',
      'inspect',
      'network',
      'nics',
      'openvswitch',
      'packages',
    ]);
    expect(agent.coreModules).toEqual(
      expect.arrayContaining(['__init__', '__main__', 'cli', 'engine', 'install']),
    );
  });
});

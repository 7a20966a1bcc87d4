import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepSource, sourceOf, sourceRoot } from '../../constructs/source-location';

const folder = join(realpathSync(mkdtempSync(join(tmpdir(), 'source-'))), 'a (b) c');
const construct = {};

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

beforeAll(() => {
  write('node_modules/company/index.js', 'module.exports = (keep, x) => [x].map((each) => keep(each));');
  const main = write('stacks/main.js', "module.exports = (keep, x) =>\n  require('company')(keep, x);");
  jest.requireActual<(keep: (x: object) => void, x: object) => void>(main)(keepSource, construct);
});

afterAll(() => rmSync(dirname(folder), { recursive: true }));

test('is the first line of the sources, behind what packages do', () =>
  expect(sourceOf(construct, folder)).toEqual({ file: 'stacks/main.js', line: 2, column: 21 }));

test('is of a file below the folder: of others, the path would say where the machine has them', () => {
  expect(sourceOf(construct, join(folder, 'stacks'))?.file).toBe('main.js');
  expect(sourceOf(construct, join(folder, 'else'))).toBeUndefined();
});

test('is not known of what nobody kept', () => expect(sourceOf({}, folder)).toBeUndefined());

test('frames are no more than before, for whoever else looks at a stack', () => {
  const limit = Error.stackTraceLimit;
  keepSource({});
  expect(Error.stackTraceLimit).toBe(limit);
});

test('the folder is that of the repository, above the working directory', () => {
  mkdirSync(join(folder, '.git'));
  const here = process.cwd();
  try {
    process.chdir(join(folder, 'stacks'));
    expect(sourceRoot()).toBe(folder);
    rmSync(join(folder, '.git'), { recursive: true });
    expect(sourceRoot()).toBe(join(folder, 'stacks'));
  } finally {
    process.chdir(here);
  }
});

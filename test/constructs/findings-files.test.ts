import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Log } from 'sarif';
import type { Finding } from '../../constructs';
import { SOURCE_LOCATIONS } from '../../constructs/source-location';
import { ask, sarifMultitool, testWith } from '../tools';

const REPOSITORY = resolve(__dirname, '../..');
const MAIN = 'infra/main.ts';
/** The line of each construct is what the tests look for. */
const APP = `import { App, TerraformStack } from 'cdktf';
import { Acknowledge, DataplaneHost, NicBinding } from 'cdktf-dataplane';
import { edge } from './edge host';
const app = new App();
const stack = new TerraformStack(app, 'lab');
Acknowledge.rule(stack, 'openvswitch/no-hugepages', 'nothing has it');
const host = new DataplaneHost(stack, 'east');
Acknowledge.rule(host, 'nics/no-iommu', 'a "lab" machine');
  new NicBinding(host, 'uplink', { nic: '0000:3b:00.0' });
edge(stack, 'west');
if (process.argv[2] === 'refused') new NicBinding(host, 'wrong', { nic: '3b' });
app.synth();
`;
const EDGE = `import { DataplaneHost, NicBinding } from 'cdktf-dataplane';
export interface Nothing { readonly of: 'JavaScript' }
export function edge(scope: ConstructorParameters<typeof DataplaneHost>[0], id: string) {
  return new NicBinding(new DataplaneHost(scope, id), 'uplink', { nic: '0000:3b:00.0' });
}
`;

interface FindingsDocument {
  readonly version: number;
  readonly stack: string;
  readonly acknowledged: number;
  readonly open: Readonly<Record<Finding['severity'], number>>;
  readonly findings: readonly (Finding & {
    readonly source?: { readonly file: string; readonly line: number; readonly column: number };
  })[];
}

interface Written {
  readonly status: number | null;
  readonly folder: string;
  readonly texts: readonly string[];
  readonly json: FindingsDocument;
  readonly sarif: Log;
}

const temporary = mkdtempSync(join(tmpdir(), 'findings-files-'));
afterAll(() => rmSync(temporary, { recursive: true }));

/** A repository of a user's, elsewhere, in which the package is installed. */
function repository(name: string): string {
  const folder = join(temporary, name);
  mkdirSync(join(folder, '.git'), { recursive: true });
  mkdirSync(join(folder, 'infra'));
  writeFileSync(join(folder, MAIN), APP);
  writeFileSync(join(folder, 'infra/edge host.ts'), EDGE);
  const paths = { 'cdktf-dataplane': [join(REPOSITORY, 'constructs')] };
  writeFileSync(join(folder, 'infra/tsconfig.json'), JSON.stringify({ compilerOptions: { paths } }));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** As cdktf's command line runs an app. */
function synth(folder: string, words: readonly string[], areSourcesWanted: boolean): Written {
  const outdir = join(folder, 'cdktf.out');
  const { status, stderr } = spawnSync(join(REPOSITORY, 'node_modules/.bin/tsx'), ['main.ts', ...words], {
    cwd: join(folder, 'infra'),
    encoding: 'utf8',
    env: { ...process.env, CDKTF_OUTDIR: outdir, [SOURCE_LOCATIONS]: areSourcesWanted ? '1' : '' },
  });
  const artifacts = join(outdir, 'stacks/lab/dataplane');
  if (!existsSync(artifacts)) throw new Error(`nothing was written: ${stderr}`);
  const texts = ['findings.json', 'findings.sarif'].map((path) =>
    readFileSync(join(artifacts, path), 'utf8'),
  );
  const [json, sarif] = texts.map((text) => JSON.parse(text) as unknown);
  return { status, folder: artifacts, texts, json: json as FindingsDocument, sarif: sarif as Log };
}

const results = ({ sarif }: Written) => sarif.runs[0]?.results ?? [];
/** Path, file and line of what warns or is an error. */
const places = ({ json }: Written): string[] =>
  json.findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ path, source }) => (source ? `${path} ${source.file}:${source.line}:${source.column}` : path));

const here = repository('here');
const plain = synth(here, [], false);
const located = synth(repository('located'), [], true);
const elsewhere = synth(repository('else where'), [], true);
const refused = synth(repository('refused'), ['refused'], true);

describe('findings.json', () => {
  test('counts what is open and what is acknowledged, and names each with all it says', () => {
    const { version, stack, acknowledged, open, findings } = plain.json;
    expect({ version, stack, acknowledged, error: open.error, warning: open.warning }).toEqual({
      version: 1,
      stack: 'lab',
      acknowledged: 1,
      error: 0,
      warning: 2,
    });
    expect(findings.find(({ path }) => path === 'lab/east/uplink')).toEqual({
      path: 'lab/east/uplink',
      rule: 'nics/no-iommu',
      severity: 'warning',
      what: ['binds 0000:3b:00.0 to vfio-pci, but the host has no Iommu'],
      remedy: expect.stringContaining('new Iommu') as string,
      acknowledgement: { path: 'lab/east', reason: 'a "lab" machine' },
    });
  });

  test('has the line that made the construct where the environment asks for it', () => {
    expect(places(plain)).toEqual(['lab', 'lab/east/uplink', 'lab/west/uplink']);
    expect(places(located)).toEqual([
      'lab infra/main.ts:6:13',
      'lab/east/uplink infra/main.ts:9:3',
      'lab/west/uplink infra/edge host.ts:4:10',
    ]);
  });
});

describe('findings.sarif', () => {
  test('has a result for each finding, at its line, with its rule', () => {
    expect(results(located)).toHaveLength(located.json.findings.length);
    const rules = located.sarif.runs[0]?.tool.driver.rules ?? [];
    for (const [index, result] of results(located).entries()) {
      const { rule, severity, path, source } = located.json.findings[index] ?? {};
      const [place] = result.locations ?? [];
      expect(result).toMatchObject({ ruleId: rule, level: severity });
      expect(rules[result.ruleIndex ?? -1]?.id).toBe(rule);
      expect(place?.logicalLocations?.[0]?.fullyQualifiedName).toBe(path);
      expect(decodeURI(place?.physicalLocation?.artifactLocation?.uri ?? '')).toBe(source?.file);
      expect(place?.physicalLocation?.region).toEqual({
        startLine: source?.line,
        startColumn: source?.column,
      });
    }
  });

  test('without lines has the paths of constructs', () => {
    expect(results(plain).length).toBeGreaterThan(0);
    for (const { locations } of results(plain)) {
      expect(locations?.[0]?.physicalLocation).toBeUndefined();
      expect(locations?.[0]?.logicalLocations?.[0]?.fullyQualifiedName).toMatch(/^lab/);
    }
  });

  test('says what is suppressed, by whom and why; and of all others that they are not', () => {
    const suppressed = results(plain).filter(({ suppressions }) => suppressions?.length !== 0);
    expect(suppressed.map(({ suppressions }) => suppressions)).toEqual([
      [expect.objectContaining({ kind: 'inSource', status: 'accepted', justification: 'a "lab" machine' })],
    ]);
  });

  test('tells one finding from another, whatever line it is on', () => {
    const prints = ({ sarif }: Written) =>
      (sarif.runs[0]?.results ?? []).map(({ partialFingerprints }) => partialFingerprints?.['finding/v1']);
    expect(prints(plain)).toEqual(prints(located));
    expect(new Set(prints(plain)).size).toBe(results(plain).length);
  });

  testWith(sarifMultitool())('is accepted by sarif-multitool, which refuses a broken one', ({ command }) => {
    const errors = (file: string): string[] => {
      const words = [
        'validate',
        file,
        '--log',
        'ForceOverwrite',
        '--output',
        join(temporary, 'report.sarif'),
      ];
      const { stdout, stderr } = ask(command, words);
      expect(stdout).toContain('1 files scanned');
      return `${stdout}${stderr}`.split('\n').filter((line) => line.includes(': error '));
    };
    const broken = join(temporary, 'broken.sarif');
    writeFileSync(broken, JSON.stringify(located.sarif).replace('"ruleIndex":', '"ruleIndex":0,"rule":'));
    expect(errors(broken)).toHaveLength(1);
    for (const { folder } of [plain, located, refused]) {
      expect(errors(join(folder, 'findings.sarif'))).toEqual([]);
    }
  });
});

describe('both', () => {
  test('are the same bytes in another folder, and name no folder of the machine', () => {
    expect(elsewhere.texts).toEqual(located.texts);
    for (const text of [...located.texts, ...refused.texts]) {
      expect(text).not.toContain(temporary);
      expect(text).not.toContain(REPOSITORY);
    }
  });

  test('stand in the index', () => {
    const index = JSON.parse(readFileSync(join(plain.folder, 'index.json'), 'utf8')) as {
      files: { path: string; sha256: string }[];
    };
    const digests = plain.texts.map((text) => createHash('sha256').update(text).digest('hex'));
    for (const [file, path] of ['findings.json', 'findings.sarif'].entries()) {
      expect(index.files).toContainEqual({ path, sha256: digests[file] });
    }
  });
});

describe('of a refused plan', () => {
  test('both are written, with the error first', () => {
    expect(refused.status).toBe(1);
    expect(refused.json.open.error).toBe(1);
    expect(places(refused)[0]).toBe('lab/east/wrong infra/main.ts:11:36');
    expect(results(refused)[0]).toMatchObject({ ruleId: 'props/invalid', level: 'error' });
  });

  test('wrong props have their line even where nobody asked', () => {
    const { json } = synth(repository('unasked'), ['refused'], false);
    expect(json.findings.filter(({ source }) => source).map(({ path }) => path)).toEqual(['lab/east/wrong']);
  });

  test('what the synth before wrote stays, without an index that is not true any more', () => {
    const folder = repository('again');
    cpSync(join(here, 'cdktf.out'), join(folder, 'cdktf.out'), { recursive: true });
    const again = synth(folder, ['refused'], true);
    expect(again.texts).toEqual(refused.texts);
    expect(existsSync(join(again.folder, 'hosts/east/plan.json'))).toBe(true);
    expect(existsSync(join(again.folder, 'index.json'))).toBe(false);
  });
});

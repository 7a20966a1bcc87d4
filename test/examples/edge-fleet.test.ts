import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REPOSITORY = join(__dirname, '../..');
const EXAMPLE = join(REPOSITORY, 'examples/edge-fleet/main.ts');
const DOCUMENT = join(REPOSITORY, 'docs/host-classes.md');

describe('examples/edge-fleet', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-example-'));
  const before = process.env.CDKTF_OUTDIR;
  const artifact = (path: string): string =>
    readFileSync(join(outdir, 'stacks/edge-fleet/dataplane', path), 'utf8');

  beforeAll(() => {
    process.env.CDKTF_OUTDIR = outdir;
    // As cdktf runs it: the module synthesizes while it is loaded, and throws where anything is wrong.
    jest.requireActual(EXAMPLE);
  });
  afterAll(() => {
    if (before === undefined) delete process.env.CDKTF_OUTDIR;
    else process.env.CDKTF_OUTDIR = before;
    rmSync(outdir, { recursive: true, force: true });
  });

  test.each(['edge-1', 'edge-3'])('the plan of %s', (host) =>
    expect(JSON.parse(artifact(`hosts/${host}/plan.json`))).toMatchSnapshot(),
  );

  test('hosts without deviations differ in their own values only', () => {
    const lines = (host: string) => artifact(`hosts/${host}/plan.json`).split('\n');
    const others = new Set(lines('edge-2'));
    // The digests of the stages differ with what is in them.
    const own = lines('edge-1').filter((line) => !others.has(line) && !/"[0-9a-f]{64}"/.test(line));
    expect(own.length).toBeGreaterThan(5);
    for (const line of own) expect(line).toMatch(/edge-1|0000:|10\.0\.0\.|fd00:a::|02:|cookie/);
    expect(lines('edge-2')).toHaveLength(lines('edge-1').length);
  });

  test('nothing is wrong, and the hub goes alone', () => {
    const { open } = JSON.parse(artifact('findings.json')) as { open: Record<string, number> };
    expect(open).toMatchObject({ error: 0, warning: 0 });
    const { resource } = JSON.parse(readFileSync(join(outdir, 'stacks/edge-fleet/cdk.tf.json'), 'utf8')) as {
      resource: { null_resource: Record<string, { depends_on?: string[] }> };
    };
    expect(resource.null_resource.hub?.depends_on).toEqual(['null_resource.dataplane_batch_1_done']);
    expect(resource.null_resource['edge-2']?.depends_on).toBeUndefined();
  });
});

test('the code of docs/host-classes.md is that of the example, which the compiler and the tests above know', () => {
  const flush = (code: string) => code.replaceAll(/^ +/gm, '');
  const example = flush(readFileSync(EXAMPLE, 'utf8'));
  const blocks = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^```typescript\n([^]*?)^```$/gm)];
  expect(blocks.length).toBeGreaterThan(2);
  for (const [, code = ''] of blocks) expect(example).toContain(flush(code));
});

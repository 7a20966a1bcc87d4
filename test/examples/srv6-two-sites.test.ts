import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { gzipUserData, LEAST_PLATFORM } from '../../src/artifacts';

const EXAMPLE = join(__dirname, '../../examples/srv6-two-sites/main.ts');

describe('examples/srv6-two-sites', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-example-'));
  const before = process.env.CDKTF_OUTDIR;
  const artifact = (path: string): string =>
    readFileSync(join(outdir, 'stacks/two-sites/dataplane', path), 'utf8');

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

  test('is at most 60 lines', () =>
    expect(readFileSync(EXAMPLE, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60));

  test.each(['east', 'west'])('the plan of %s', (host) =>
    expect(JSON.parse(artifact(`hosts/${host}/plan.json`))).toMatchSnapshot(),
  );

  test.each(['east', 'west'])('the user-data of %s fits where user-data is smallest', (host) => {
    const text = artifact(`hosts/${host}/user-data`);
    const compressed = gzipUserData(text);
    expect(gunzipSync(compressed).toString()).toBe(text);
    expect(compressed.length).toBeLessThanOrEqual(LEAST_PLATFORM.limit ?? 0);
  });

  test('Terraform has a resource for each host, and the second waits for the first', () => {
    const { resource } = JSON.parse(readFileSync(join(outdir, 'stacks/two-sites/cdk.tf.json'), 'utf8')) as {
      resource: { null_resource: Record<string, { depends_on?: string[] }> };
    };
    expect(resource.null_resource.east?.depends_on).toBeUndefined();
    expect(resource.null_resource.west?.depends_on).toEqual(['null_resource.dataplane_batch_1_done']);
    expect(resource.null_resource.dataplane_batch_1_done?.depends_on).toEqual(['null_resource.east']);
  });
});

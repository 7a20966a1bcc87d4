/** The stand-in for hashicorp/null, through the real Terraform; where the registry is reached, the real one. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, terraform, testWith } from './tools';

const found = terraform();

describe(`hashicorp/null from ${found.available ? found.nullProvider : 'nowhere'}`, () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-null-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const write = (triggers: Record<string, string | null>) => {
    writeFileSync(
      join(directory, 'main.tf.json'),
      JSON.stringify({
        terraform: { required_providers: { null: { source: 'hashicorp/null', version: '3.2.4' } } },
        data: { null_data_source: { copy: { inputs: { site: 'east' } } } },
        resource: {
          null_resource: {
            host: {
              triggers,
              provisioner: { 'local-exec': { command: `echo \${self.id} >> runs` } },
            },
          },
        },
        output: { site: { value: '${data.null_data_source.copy.outputs["site"]}' } },
      }),
    );
  };
  const runs = () => {
    const file = join(directory, 'runs');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };

  testWith(found)(
    'validates, applies, keeps, replaces on a changed trigger, destroys',
    ({ command, environment }) => {
      const call = (...args: string[]) => {
        const answer = ask(command, [...args, '-no-color'], { cwd: directory, env: environment });
        expect({ args, ...answer }).toMatchObject({ code: 0 });
        return answer.stdout;
      };
      write({ boot: '1' });
      call('init', '-input=false');
      expect(call('validate')).toContain('The configuration is valid');
      expect(call('apply', '-auto-approve')).toContain('1 added, 0 changed, 0 destroyed');
      expect(call('output', '-raw', 'site')).toBe('east');
      expect(runs()).toHaveLength(1);
      expect(runs()[0]).toMatch(/^\d+$/);

      expect(call('apply', '-auto-approve')).toContain('0 added, 0 changed, 0 destroyed');

      write({ boot: '2' });
      expect(call('plan')).toMatch(/triggers = \{ # forces replacement\s+~ "boot" = "1" -> "2"/);
      expect(call('apply', '-auto-approve')).toContain('1 added, 0 changed, 1 destroyed');
      expect(new Set(runs()).size).toBe(2);

      // A null counts as an absent key.
      write({ boot: '2', network: null });
      expect(call('plan')).not.toContain('forces replacement');
      write({ boot: '2', network: '1' });
      expect(call('plan')).toContain('forces replacement');

      expect(call('destroy', '-auto-approve')).toContain('1 destroyed');
      expect(runs()).toHaveLength(2);
    },
    120_000,
  );
});

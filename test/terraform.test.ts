/**
 * What Terraform itself makes of a stack: valid, planned, applied, and in which order. The only stand-in is
 * `ansible-playbook`, a script that writes down how it was called and fails where it is told to: which host is contacted
 * when is Terraform's part, and this is what is tested.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { App, LocalBackend, TerraformStack, TerraformVariable } from 'cdktf';
import {
  BootParameters,
  Connection,
  DataplaneHost,
  Deployment,
  OnDestroy,
  OpenVSwitch,
  type OvsBridge,
  Srv6Tunnel,
} from '../constructs';
import { terraform as findTerraform, testWith, type Terraform } from './tools';

jest.setTimeout(180_000);

/** Three sites in a row: a-b and b-c are tunnels, so b is in a batch of its own. */
interface Sites {
  readonly bootArguments?: Readonly<Record<string, readonly string[]>>;
  readonly onDestroy?: OnDestroy;
  readonly retired?: readonly string[];
  readonly without?: string;
  readonly address?: string;
  /** As `cdktf synth --hcl`. */
  readonly hclOutput?: boolean;
}

class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-terraform-'));
  private readonly calls = join(this.folder, 'calls');
  private readonly failing = join(this.folder, 'failing');

  constructor(private readonly terraform: Terraform) {
    mkdirSync(join(this.folder, 'bin'));
    const script = [
      '#!/bin/sh',
      'while [ $# -gt 1 ]; do case "$1" in --limit) host=$2;; *.yaml) book=$1;; esac; shift; done',
      `echo "$(basename "$book" .yaml) $host" >> "${this.calls}"`,
      `! grep -qx "$host" "${this.failing}" 2>/dev/null`,
    ];
    writeFileSync(join(this.folder, 'bin', 'ansible-playbook'), `${script.join('\n')}\n`);
    chmodSync(join(this.folder, 'bin', 'ansible-playbook'), 0o755);
  }

  synth(sites: Sites): this {
    process.env['SYNTH_HCL_OUTPUT'] = `${sites.hclOutput ?? false}`;
    const app = new App({ outdir: join(this.folder, 'out') });
    const stack = new TerraformStack(app, 'sites');
    // cdktf's own default is the folder that the tests run in, and lasts.
    new LocalBackend(stack, { path: join(this.folder, 'terraform.tfstate') });
    Deployment.of(stack).configure({ onDestroy: sites.onDestroy });
    const bridges: OvsBridge[] = [];
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      if (name === sites.without) continue;
      const host = new DataplaneHost(stack, name, {
        connection: Connection.ssh({ address: sites.address ?? `192.0.2.${index + 1}` }),
        retired: sites.retired?.includes(name),
      });
      const extra = sites.bootArguments?.[name];
      if (extra) new BootParameters(host, 'boot', { arguments: extra });
      const ovs = new OpenVSwitch(host, 'ovs');
      const underlay = ovs.addBridge('underlay', { addresses: [`fd00:a::${index + 1}/64`] });
      bridges.push(ovs.addBridge('tenants', { addresses: [`10.0.0.${index + 1}/24`], underlay }));
    }
    for (const [index, bridge] of bridges.entries()) {
      const next = bridges[index + 1];
      if (next) new Srv6Tunnel(stack, `tunnel-${index}`, { between: [bridge, next] });
    }
    app.synth();
    return this;
  }

  run(...words: string[]): { code: number; output: string } {
    const { status, stdout, stderr } = spawnSync(this.terraform.command, words, {
      cwd: join(this.folder, 'out', 'stacks', 'sites'),
      encoding: 'utf8',
      env: {
        ...process.env,
        ...this.terraform.environment,
        PATH: [join(this.folder, 'bin'), process.env.PATH ?? ''].join(delimiter),
      },
    });
    return { code: status ?? -1, output: `${stdout}${stderr}` };
  }

  succeed(...words: string[]): string {
    const { code, output } = this.run(...words);
    if (code !== 0) throw new Error(`terraform ${words.join(' ')}: exit code ${code}\n${output}`);
    return output;
  }

  fail(hosts: readonly string[]): void {
    writeFileSync(this.failing, hosts.map((host) => `${host}\n`).join(''));
  }

  /** The playbooks that were run since the last question, in their order. */
  called(): string[] {
    const calls = existsSync(this.calls) ? readFileSync(this.calls, 'utf8').trim().split('\n') : [];
    rmSync(this.calls, { force: true });
    return calls.filter((call) => call !== '');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const APPLY = ['apply', '-auto-approve', '-input=false', '-no-color'];

describe('terraform', () => {
  const withTerraform = testWith(findTerraform());
  let workspace: Workspace | undefined;
  const begin = (terraform: Terraform, sites: Sites): Workspace => {
    workspace = new Workspace(terraform).synth(sites);
    workspace.succeed('init', '-input=false', '-no-color');
    return workspace;
  };
  afterEach(() => {
    workspace?.remove();
    delete process.env['SYNTH_HCL_OUTPUT'];
  });

  withTerraform('finds the stack valid, and plans one resource a host', (terraform) => {
    const space = begin(terraform, {});
    expect(space.succeed('validate', '-no-color')).toContain('The configuration is valid');
    const plan = space.succeed('plan', '-input=false', '-no-color');
    for (const host of ['a', 'b', 'c']) expect(plan).toContain(`null_resource.${host} will be created`);
  });

  withTerraform(
    'reads the stack as HCL too, and rolls it out and undoes it in the same order',
    (terraform) => {
      const space = begin(terraform, { hclOutput: true, onDestroy: OnDestroy.UNDO });
      expect(space.succeed('validate', '-no-color')).toContain('The configuration is valid');
      space.succeed(...APPLY);
      expect(space.called().at(-1)).toBe('site b');
      space.succeed('destroy', '-auto-approve', '-input=false', '-no-color');
      expect(space.called()[0]).toBe('undo b');
    },
  );

  withTerraform('deploys in batches: the ends of a tunnel never at the same time', (terraform) => {
    const space = begin(terraform, {});
    space.succeed(...APPLY);
    const calls = space.called();
    expect(calls.slice(0, 2).sort()).toEqual(['site a', 'site c']);
    expect(calls.slice(2)).toEqual(['site b']);
    expect(space.succeed(...APPLY)).toContain('No changes');
    expect(space.called()).toEqual([]);
  });

  withTerraform(
    'names the host and the stage that a change touches, and contacts no other host',
    (terraform) => {
      const space = begin(terraform, {});
      space.succeed(...APPLY);
      space.called();
      space.synth({ bootArguments: { c: ['mitigations=off'] } });
      const plan = space.succeed('plan', '-input=false', '-no-color');
      expect(plan).toMatch(/null_resource\.c must be replaced/);
      expect(plan).not.toMatch(/null_resource\.[ab] must be replaced/);
      expect(plan).toMatch(/~ "boot" += "[0-9a-f]{64}" -> "[0-9a-f]{64}"/);
      expect(plan).not.toMatch(/~ "(packages|devices|dataplane|network|agent|retired)"/);
      space.succeed(...APPLY);
      expect(space.called()).toEqual(['site c']);
    },
  );

  withTerraform('stops behind a host that failed, and goes on there with the next deploy', (terraform) => {
    const space = begin(terraform, {});
    space.fail(['c']);
    expect(space.run(...APPLY).code).toBe(1);
    expect(space.called().sort()).toEqual(['site a', 'site c']);
    space.fail([]);
    space.succeed(...APPLY);
    expect(space.called()).toEqual(['site c', 'site b']);
  });

  withTerraform('keeps the order of the batches when only changed hosts are deployed', (terraform) => {
    const space = begin(terraform, {});
    space.succeed(...APPLY);
    space.called();
    const change = { bootArguments: { a: ['quiet'], b: ['quiet'] } };
    space.synth(change).fail(['a']);
    expect(space.run(...APPLY).code).toBe(1);
    expect(space.called()).toEqual(['site a']);
    space.fail([]);
    space.succeed(...APPLY);
    expect(space.called()).toEqual(['site a', 'site b']);
  });

  withTerraform(
    'undoes on destroy where the stack asks for it, in reverse, and never at a change',
    (terraform) => {
      const space = begin(terraform, { onDestroy: OnDestroy.UNDO });
      space.succeed(...APPLY);
      space.called();
      space.synth({ onDestroy: OnDestroy.UNDO, bootArguments: { a: ['quiet'] }, address: '198.51.100.7' });
      space.succeed(...APPLY);
      expect(space.called()).toEqual(['site a']);
      space.succeed('destroy', '-auto-approve', '-input=false', '-no-color');
      const calls = space.called();
      expect(calls[0]).toBe('undo b');
      expect(calls.slice(1).sort()).toEqual(['undo a', 'undo c']);
    },
  );

  withTerraform('leaves the hosts alone on destroy otherwise', (terraform) => {
    const space = begin(terraform, {});
    space.succeed(...APPLY);
    space.called();
    space.succeed('destroy', '-auto-approve', '-input=false', '-no-color');
    expect(space.called()).toEqual([]);
  });

  withTerraform('deploys a retired host once more, and lets it go without another call', (terraform) => {
    const space = begin(terraform, { onDestroy: OnDestroy.UNDO });
    space.succeed(...APPLY);
    space.called();
    space.synth({ onDestroy: OnDestroy.UNDO, retired: ['c'] }).succeed(...APPLY);
    expect(space.called()).toContain('site c');
    space.synth({ onDestroy: OnDestroy.UNDO, without: 'c' }).succeed(...APPLY);
    expect(space.called().filter((call) => call.endsWith(' c'))).toEqual([]);
  });

  withTerraform('takes an address that is a reference from the environment', (terraform) => {
    workspace = new Workspace(terraform);
    const app = new App({ outdir: join(workspace.folder, 'out') });
    const stack = new TerraformStack(app, 'sites');
    new LocalBackend(stack, { path: join(workspace.folder, 'terraform.tfstate') });
    const address = new TerraformVariable(stack, 'address', { default: '192.0.2.77' });
    new DataplaneHost(stack, 'edge', { connection: Connection.ssh({ address: address.stringValue }) });
    app.synth();
    const script = join(workspace.folder, 'bin', 'ansible-playbook');
    writeFileSync(script, `#!/bin/sh\necho "$DATAPLANE_ADDRESS_EDGE" > "${workspace.folder}/address"\n`);
    workspace.succeed('init', '-input=false', '-no-color');
    workspace.succeed(...APPLY);
    expect(readFileSync(join(workspace.folder, 'address'), 'utf8').trim()).toBe('192.0.2.77');
  });
});

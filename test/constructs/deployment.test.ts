import { App, TerraformStack, TerraformVariable, Testing } from 'cdktf';
import { NullProvider } from '@cdktf/provider-null/lib/provider';
import { Resource } from '@cdktf/provider-null/lib/resource';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  BootParameters,
  Connection,
  DataplaneHost,
  Deployment,
  HugepagePool,
  OnDestroy,
  OpenVSwitch,
  Reboot,
  Rollout,
  Srv6Tunnel,
} from '../../constructs';
import { agentDigest } from '../../src/artifacts';
import { findingsOf, site } from '../rules/fixtures';
import { synthesize, type Synthesized } from '../synth';

interface TerraformJson {
  readonly provider: { readonly null: readonly object[] };
  readonly terraform: { readonly required_providers: Record<string, unknown> };
  readonly resource: {
    readonly null_resource: Record<string, TerraformResource>;
    readonly terraform_data?: Record<string, TerraformResource>;
  };
}

interface TerraformResource {
  readonly depends_on?: readonly string[];
  readonly triggers?: Record<string, string>;
  readonly input?: Record<string, string>;
  readonly provisioner?: readonly { readonly 'local-exec': Record<string, unknown> }[];
}

const terraformOf = ({ terraform }: Synthesized): TerraformJson => terraform as unknown as TerraformJson;
const reachable = (stack: TerraformStack, id: string): DataplaneHost =>
  new DataplaneHost(stack, id, { connection: Connection.ssh({ address: `${id}.example.org` }) });

/** A hub with two spokes: the hub goes first. */
function hub(stack: TerraformStack): void {
  const [a, b, c] = [site(stack, 'a', 1), site(stack, 'b', 2), site(stack, 'c', 3)];
  new Srv6Tunnel(stack, 'ab', { between: [a.tenants, b.tenants] });
  new Srv6Tunnel(stack, 'ca', { between: [c.tenants, a.tenants] });
}

describe("a host's Terraform resource", () => {
  test('is null_resource.<host>: its name is a contract, for another name Terraform would deploy anew', () => {
    const { resource } = terraformOf(
      synthesize((stack) => {
        reachable(stack, 'edge-1');
        reachable(stack, '7th');
        reachable(stack, 'host-7th');
      }),
    );
    expect(Object.keys(resource.null_resource).sort()).toEqual(['edge-1', 'host-7th', 'host_7th']);
    expect(resource.terraform_data).toBeUndefined();
  });

  test('has a trigger for each stage, for the agent, and for being retired', () => {
    const synthesized = synthesize((stack) => {
      new BootParameters(reachable(stack, 'edge'), 'boot', { arguments: ['quiet'] });
    });
    const digests = synthesized.plan.hosts[0]?.plan.digests;
    expect(terraformOf(synthesized).resource.null_resource.edge?.triggers).toEqual({
      agent: agentDigest(),
      ...digests,
      retired: 'false',
    });
    expect(Object.keys(digests ?? {}).sort()).toEqual([
      'boot',
      'dataplane',
      'devices',
      'network',
      'packages',
    ]);
  });

  test('runs the playbook for that host alone, with no address and no secret in the command', () =>
    expect(
      terraformOf(
        synthesize((stack) => {
          reachable(stack, 'edge');
        }),
      ).resource.null_resource.edge?.provisioner,
    ).toEqual([
      {
        'local-exec': {
          command:
            'ansible-playbook --inventory dataplane/ansible/inventory.yaml dataplane/ansible/site.yaml --limit edge',
          environment: { ANSIBLE_CONFIG: 'dataplane/ansible/ansible.cfg', ANSIBLE_FORCE_COLOR: '0' },
        },
      },
    ]));

  test('without a connection it contacts nobody', () => {
    const { resource } = terraformOf(
      synthesize((stack) => {
        new DataplaneHost(stack, 'seed');
      }),
    );
    expect(resource.null_resource.seed?.provisioner).toBeUndefined();
    expect(resource.null_resource.seed?.triggers).toBeDefined();
  });

  test('retired is another trigger, and stands in the plan', () => {
    const synthesized = synthesize((stack) => {
      new DataplaneHost(stack, 'edge', { connection: Connection.ssh({ address: 'edge' }), retired: true });
    });
    expect(terraformOf(synthesized).resource.null_resource.edge?.triggers?.retired).toBe('true');
    expect(synthesized.plan.hosts[0]?.plan.retired).toBe(true);
  });
});

describe('rollout', () => {
  test('a batch waits for the barrier of the one before', () => {
    const { resource } = terraformOf(synthesize(hub));
    const dependencies = Object.entries(resource.null_resource).map(([name, { depends_on }]) => [
      name,
      depends_on,
    ]);
    expect(Object.fromEntries(dependencies)).toEqual({
      a: undefined,
      b: ['null_resource.dataplane_batch_1_done'],
      c: ['null_resource.dataplane_batch_1_done'],
      dataplane_batch_1_done: ['null_resource.a'],
    });
  });

  test('one by one', () => {
    const { resource } = terraformOf(
      synthesize((stack) => {
        hub(stack);
        Deployment.of(stack).configure({ rollout: Rollout.oneByOne() });
      }),
    );
    expect(resource.null_resource.c?.depends_on).toEqual(['null_resource.dataplane_batch_2_done']);
    expect(resource.null_resource.dataplane_batch_2_done?.depends_on).toEqual(['null_resource.b']);
  });
});

describe('undo at destroy', () => {
  const asked = (stack: TerraformStack): void => {
    hub(stack);
    const address = new TerraformVariable(stack, 'address', {}).stringValue;
    new DataplaneHost(stack, 'z', { connection: Connection.ssh({ address }) });
    new DataplaneHost(stack, 'seed');
    Deployment.of(stack).configure({ onDestroy: OnDestroy.UNDO });
  };

  test('only where the stack asks for it', () =>
    expect(terraformOf(synthesize(hub)).resource.terraform_data).toBeUndefined());

  test('each reachable host has its own, which it depends on, in the order of the batches', () => {
    const { resource } = terraformOf(synthesize(asked));
    expect(Object.keys(resource.terraform_data ?? {}).sort()).toEqual([
      'a-undo',
      'b-undo',
      'c-undo',
      'z-undo',
    ]);
    expect(resource.null_resource.b?.depends_on).toEqual([
      'terraform_data.b-undo',
      'null_resource.dataplane_batch_1_done',
    ]);
    expect(resource.terraform_data?.['b-undo']?.depends_on).toEqual(['null_resource.dataplane_batch_1_done']);
    expect(resource.null_resource.seed?.depends_on).toBeUndefined();
  });

  test('reads nothing but itself', () => {
    const undo = terraformOf(synthesize(asked)).resource.terraform_data?.['z-undo'];
    expect(undo?.input).toEqual({ host: 'z', address: '${var.address}' });
    expect(undo?.provisioner).toEqual([
      {
        'local-exec': {
          when: 'destroy',
          command:
            'ansible-playbook --inventory dataplane/ansible/inventory.yaml dataplane/ansible/undo.yaml --limit z',
          environment: {
            ANSIBLE_CONFIG: 'dataplane/ansible/ansible.cfg',
            ANSIBLE_FORCE_COLOR: '0',
            DATAPLANE_ADDRESS_Z: '${self.input.address}',
          },
        },
      },
    ]);
  });
});

test('an address that is a Terraform reference reaches Ansible by the environment, and no file', () => {
  const synthesized = synthesize((stack) => {
    const variable = new TerraformVariable(stack, 'address', {});
    new DataplaneHost(stack, 'edge-1', { connection: Connection.ssh({ address: variable.stringValue }) });
  });
  expect(synthesized.plan.hosts[0]?.connection?.address).toEqual({
    environmentVariable: 'DATAPLANE_ADDRESS_EDGE_1',
  });
  const exec = terraformOf(synthesized).resource.null_resource['edge-1']?.provisioner?.[0]?.['local-exec'];
  expect(exec?.environment).toMatchObject({ DATAPLANE_ADDRESS_EDGE_1: '${var.address}' });
  for (const path of ['inventory.yaml', 'site.yaml', 'verify.yaml', 'undo.yaml'].map(
    (name) => `ansible/${name}`,
  )) {
    expect(synthesized.artifact(path)).not.toMatch(/TfToken|var\.address/);
  }
  for (const name of ['plan.json', 'user-data', 'meta-data', 'network-config']) {
    expect(synthesized.artifact(`hosts/edge-1/${name}`)).not.toMatch(/TfToken|var\.address/);
  }
  expect(synthesized.artifact('ansible/inventory.yaml')).toContain('DATAPLANE_ADDRESS_EDGE_1');
});

describe('configure', () => {
  test('a host: never rebooted, ssh as ssh is configured, unless something else is said', () =>
    expect(
      synthesize((stack) => {
        reachable(stack, 'edge');
      }).plan.hosts[0],
    ).toMatchObject({
      reboot: 'never',
      connection: {
        address: 'edge.example.org',
        user: null,
        port: null,
        identityFile: null,
        knownHostsFile: null,
        rebootTimeoutSeconds: 1800,
      },
    }));

  test('called twice, before and after hosts: what is given is set, the rest stays', () => {
    const { plan } = synthesize((stack) => {
      Deployment.of(stack).configure({ reboot: Reboot.whenNeeded({ timeoutSeconds: 600 }) });
      new DataplaneHost(stack, 'a', { connection: Connection.ssh({ address: 'a', user: 'root' }) });
      Deployment.of(stack).configure({ connection: { user: 'operator', port: 2222 }, rollout: undefined });
      reachable(stack, 'b');
    });
    expect(plan.hosts.map(({ reboot, connection }) => [reboot, connection?.user, connection?.port])).toEqual([
      ['whenNeeded', 'root', 2222],
      ['whenNeeded', 'operator', 2222],
    ]);
    expect(plan.hosts[0]?.connection?.rebootTimeoutSeconds).toBe(600);
  });

  test('called twice with mistakes shows both', () =>
    expect(
      findingsOf((stack) => {
        Deployment.of(stack).configure({ connection: { port: 0 } });
        Deployment.of(stack).configure({ connection: { user: 'a b' } });
      }).map(({ what }) => what[0]),
    ).toEqual(['connection.port is 0', "connection.user is 'a b'"]));
});

describe('NullProvider', () => {
  test.each<[string, (stack: TerraformStack) => void, object[]]>([
    ['made once for all hosts', (s) => [reachable(s, 'a'), reachable(s, 'b')], [{}]],
    ['the one of the user, made before', (s) => [new NullProvider(s, 'mine'), reachable(s, 'a')], [{}]],
    ['the one of the user, made after', (s) => [reachable(s, 'a'), new NullProvider(s, 'mine')], [{}]],
    [
      'beside an aliased one',
      (s) => [new NullProvider(s, 'mine', { alias: 'x' }), reachable(s, 'a')],
      [{}, { alias: 'x' }],
    ],
  ])('%s', (_name, build, providers) => {
    const { provider, terraform } = terraformOf(synthesize(build));
    expect([...provider.null].sort((a, b) => Object.keys(a).length - Object.keys(b).length)).toEqual(
      providers,
    );
    expect(terraform.required_providers.null).toMatchObject({ source: 'null' });
  });
});

test('two stacks in one app have nothing in common', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-'));
  try {
    const app = new App({ outdir });
    const stacks = ['one', 'two'].map((id) => new TerraformStack(app, id));
    for (const stack of stacks) hub(stack);
    app.synth();
    const plans = ['one', 'two'].map((id) =>
      readFileSync(join(outdir, 'stacks', id, 'dataplane/hosts/b/plan.json'), 'utf8').replaceAll(
        `${id}/`,
        'stack/',
      ),
    );
    for (const stack of stacks) {
      expect(
        Deployment.of(stack)
          ._plan()
          .hosts.map(({ plan }) => plan.host.name),
      ).toEqual(['a', 'b', 'c']);
      expect(
        new Set(
          Deployment.of(stack)
            .findings()
            .map(({ severity }) => severity),
        ),
      ).toEqual(new Set(['note']));
    }
    // Cookies are derived from paths; all else is the same.
    const withoutPaths = plans.map((text) => text.replaceAll(/0x[0-9a-f]{14,16}|"[0-9a-f]{64}"/g, ''));
    expect(withoutPaths[0]).toBe(withoutPaths[1]);
  } finally {
    rmSync(outdir, { recursive: true });
  }
});

describe("a host's user data in another resource", () => {
  const synthesized = synthesize((stack) => {
    const host = new DataplaneHost(stack, 'edge');
    new OpenVSwitch(host, 'ovs', { otherConfig: { 'dpdk-extra': '${HOME} %{if} $${X}' } });
    new Resource(stack, 'instance', { triggers: { plain: host.userData, gzip: host.userDataBase64 } });
    // Made after the attribute was read: it is lazy.
    new HugepagePool(host, 'pool', { pages: 3 });
  });
  const triggers = terraformOf(synthesized).resource.null_resource.instance?.triggers;
  const file = synthesized.artifact('hosts/edge/user-data');

  test('is the artifact, escaped for Terraform', () => {
    expect(file).toContain('${HOME} %{if} $${X}');
    expect(triggers?.plain).toContain('$${HOME} %%{if} $$${X}');
    expect(triggers?.plain?.replace(/([$%])\1\{/g, (match) => match.slice(1))).toBe(file);
    expect(file).toContain('hugepages=3');
  });

  test('and in base64 the same, gzipped', () => {
    expect(triggers?.gzip).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(gunzipSync(Buffer.from(triggers?.gzip ?? '', 'base64')).toString()).toBe(file);
  });
});

test('Testing.synth, as users take it for snapshots: whole, and the same each time', () => {
  const text = (): string => {
    const stack = new TerraformStack(Testing.app(), 'stack');
    hub(stack);
    return Testing.synth(stack, true);
  };
  const { resource } = JSON.parse(text()) as TerraformJson;
  expect(Object.keys(resource.null_resource).sort()).toEqual(['a', 'b', 'c', 'dataplane_batch_1_done']);
  expect(resource.null_resource.a?.triggers?.network).toMatch(/^[0-9a-f]{64}$/);
  expect(text()).toBe(text());
});

test('a warning is an annotation of the construct that it is about, once, and no error', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-'));
  try {
    const app = new App({ outdir });
    const ovs = new OpenVSwitch(new TerraformStack(app, 'lab'), 'ovs');
    app.synth();
    app.synth();
    const messages = ovs.node.metadata
      .filter(({ type }) => type === '@cdktf/warn')
      .map(({ data }) => String(data));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^warning openvswitch\/no-hugepages {2}lab\/ovs\n/);
  } finally {
    rmSync(outdir, { recursive: true });
  }
});

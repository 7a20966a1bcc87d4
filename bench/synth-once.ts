/**
 * One synth in this process: `synth-once.ts dataplane|without-rules|floor HOSTS FOLDER`; prints what it took as JSON.
 * without-rules: our stack, with no rule asked.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { NullProvider } from '@cdktf/provider-null/lib/provider';
import { Resource } from '@cdktf/provider-null/lib/resource';
import { App, type LocalExecProvisioner, TerraformStack } from 'cdktf';
import {
  Connection,
  DataplaneHost,
  HugepagePool,
  NicBinding,
  OpenVSwitch,
  OvsBridge,
  Srv6Tunnel,
} from 'cdktf-dataplane';

export interface Measurement {
  /** From the first construct to the last byte written; modules are loaded before. */
  readonly seconds: number;
  /** What of a CPU it took, in user and in kernel mode, all threads: less moved by what else runs. */
  readonly cpuSeconds: number;
  readonly peakMib: number;
  readonly bytes: number;
}

const [subject, count, folder] = process.argv.slice(2);
if (!isSubject(subject) || !count || !folder) {
  throw new Error('usage: synth-once.ts dataplane|without-rules|floor HOSTS FOLDER');
}
const hosts = Number(count);
const written = join(folder, 'dataplane');

function isSubject(text: string | undefined): text is 'dataplane' | 'without-rules' | 'floor' {
  return text === 'dataplane' || text === 'without-rules' || text === 'floor';
}

/** The package has no such switch: its list of rules is emptied in this process. */
function forgetRules(): void {
  // Compiled as the package's own: the same module, whose list it is.
  const { RULES } = createRequire(__filename)('../lib/src/rules/index.js') as { RULES: unknown[] };
  RULES.length = 0;
}

function dataplane(outdir: string): void {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, 'fleet');
  let neighbour: OvsBridge | undefined;
  for (let index = 0; index < hosts; index++) {
    const host = new DataplaneHost(stack, `edge-${index}`, {
      connection: Connection.ssh({ address: `192.0.2.${index % 256}` }),
    });
    new HugepagePool(host, 'hugepages', { perNode: { 0: 2, 1: 2 } });
    const nic = new NicBinding(host, 'uplink', { nic: '0000:3b:00.0', device: '8086:1572' });
    const ovs = new OpenVSwitch(host, 'ovs');
    const group = index.toString(16);
    const underlay = ovs.addBridge('underlay', { addresses: [`fd00:a::${group}:1/32`] });
    underlay.addDpdkPort(nic);
    const tenants = ovs.addBridge('tenants', { addresses: [`fd00:b::${group}:1/64`], underlay });
    if (neighbour) new Srv6Tunnel(stack, `tunnel-${index}`, { between: [neighbour, tenants] });
    neighbour = tenants;
  }
  app.synth();
}

/** What is read of the configuration that the stack above wrote. */
interface NullResource {
  readonly triggers?: Record<string, string>;
  readonly depends_on?: readonly string[];
  readonly provisioner?: readonly { readonly 'local-exec': Omit<LocalExecProvisioner, 'type'> }[];
}

/** The same null_resources, each with the same content, and the same other files. */
function floor(
  outdir: string,
  resources: Readonly<Record<string, NullResource>>,
  files: readonly (readonly [string, Buffer])[],
): void {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, 'fleet');
  new NullProvider(stack, 'null');
  for (const [name, { triggers, depends_on: dependencies, provisioner }] of Object.entries(resources)) {
    new Resource(stack, name, {
      triggers,
      dependsOn: dependencies?.map((fqn) => ({ fqn })),
      provisioners: provisioner?.map((each) => ({ type: 'local-exec', ...each['local-exec'] })),
    });
  }
  app.synth();
  for (const [path, content] of files) {
    mkdirSync(dirname(join(outdir, path)), { recursive: true });
    writeFileSync(join(outdir, path), content);
  }
}

function filesBelow(directory: string): (readonly [string, Buffer])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(directory, path), readFileSync(path)] as const);
}

function nullResources(directory: string): Record<string, NullResource> {
  const text = readFileSync(join(directory, 'stacks', 'fleet', 'cdk.tf.json'), 'utf8');
  const configuration = JSON.parse(text) as {
    resource: { null_resource: Record<string, NullResource> };
  };
  return configuration.resource.null_resource;
}

function measured(synth: () => void): Measurement {
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  synth();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const peakMib = process.resourceUsage().maxRSS / 1024;
  const bytes = filesBelow(outdir).reduce((sum, [, content]) => sum + content.length, 0);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMib, bytes };
}

const outdir = join(folder, subject);
rmSync(outdir, { recursive: true, force: true });
let measurement: Measurement;
if (subject !== 'floor') {
  if (subject === 'without-rules') forgetRules();
  measurement = measured(() => dataplane(outdir));
} else {
  const resources = nullResources(written);
  const others = filesBelow(written).filter(([path]) => path.includes('/dataplane/'));
  measurement = measured(() => floor(outdir, resources, others));
}
console.log(JSON.stringify(measurement));

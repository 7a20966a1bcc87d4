import { Deflate, Z_PARTIAL_FLUSH } from 'pako';
import type { ManagementPlan, PlannedHost } from '../plan/fleet-plan';
import { installedAgentProgram } from './agent-bundle';
import { installedPlanText } from './plan-text';
import { yamlString, yamlText } from './yaml';

/** Where the agent stands on every host, whoever brought it. */
const AGENT_PATH = '/usr/local/lib/dataplane-host/dataplane-host';
const PLAN_PATH = '/etc/dataplane-host/plan.json';

export interface CloudInitFiles {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

/** What a new host needs to build itself: a NoCloud seed's three files, or the user data of any cloud. */
export function cloudInit(host: PlannedHost): CloudInitFiles {
  return {
    userData: userData(host),
    metaData: metaData(host),
    networkConfig: networkConfig(host.management),
  };
}

/** user-data as clouds take it. */
export function gzipUserData(text: string): Buffer {
  return gzip(text);
}

/**
 * Exactly one cloud-config part: several would be merged, and of two `runcmd` the first wins without a word. No jinja
 * header, no `packages` and no `package_reboot_if_required` (a second reboot): the agent installs what its plan says.
 *
 * runcmd runs near the end of the first boot; power_state is the last of all and runs once per instance. The boot after
 * it is the business of the units that the agent installed.
 */
function userData({ plan }: PlannedHost): string {
  const [before, after] = (frame ??= userDataFrame());
  // A block: its one line of ASCII needs no escapes so.
  return `${before}|\n      ${installedPlanText(plan).trimEnd()}${after}`;
}

/** What every host's user-data begins with: all but the plan and a few lines behind it. */
export function userDataBeginning(): string {
  return (frame ??= userDataFrame())[0];
}

/** The runs of text that gzipUserData compresses apart, of what is the same for every host. */
export function userDataFrameParts(): string[] {
  return (frame ??= userDataFrame()).flatMap(compressedParts);
}

/** All of user-data but the plan is the same for every host: made once. */
let frame: readonly [before: string, after: string] | undefined;

function userDataFrame(): readonly [string, string] {
  const placeholder = 'PLAN';
  const config = {
    write_files: [
      { path: AGENT_PATH, permissions: '0755', content: installedAgentProgram() },
      { path: PLAN_PATH, permissions: '0644', content: placeholder },
    ],
    runcmd: [[AGENT_PATH, 'apply']],
    power_state: {
      mode: 'reboot',
      delay: 'now',
      message: 'dataplane-host: boot arguments are not in force yet',
      timeout: 60,
      condition: [AGENT_PATH, 'needs-reboot'],
    },
  };
  const [before = '', after = ''] = `#cloud-config\n${yamlText(config)}`.split(yamlString(placeholder));
  return [before, after];
}

/**
 * Equal text, equal bytes: no time in the header, and the same compressor on every machine (that of Node.js isn't). A
 * run of base64 has code words of its own: together with words its characters would need more than their six bits.
 */
function gzip(text: string): Buffer {
  const compressor = new Deflate({ gzip: true, level: 9 });
  for (const part of compressedParts(text)) compressor.push(part, Z_PARTIAL_FLUSH);
  compressor.push('', true);
  return Buffer.from(compressor.result);
}

function compressedParts(text: string): string[] {
  return text.split(/([A-Za-z0-9+/]{1000,})/);
}

/**
 * The instance is the host, not its plan: cloud-init takes another instance-id for another machine and does all of its
 * first boot again, host keys and reboot included. A changed plan reaches a running host by Ansible, or by a new disk.
 */
function metaData({ plan }: PlannedHost): string {
  const { name } = plan.host;
  return `instance-id: ${yamlString(`dataplane-host-${name}`)}\nlocal-hostname: ${yamlString(name)}\n`;
}

/** The management NIC alone: a NIC that leaves the kernel for DPDK would be waited for at each boot. */
function networkConfig(management: ManagementPlan | null): string {
  if (management === null) {
    // `version: 2` without interfaces would mean a host without network.
    return "# No network configuration here: cloud-init's own fallback holds (DHCP on the first interface with a link).\n";
  }
  const { macAddress, addresses, gateway, nameservers } = management;
  const fixed = addresses.length > 0;
  return yamlText({
    version: 2,
    ethernets: {
      management: {
        match: { macaddress: macAddress },
        dhcp4: !fixed,
        ...(fixed && { addresses }),
        ...(gateway !== null && {
          routes: [{ to: gateway.includes(':') ? '::/0' : '0.0.0.0/0', via: gateway }],
        }),
        ...(nameservers.length > 0 && { nameservers: { addresses: nameservers } }),
      },
    },
  });
}

/** A part of user-data and what it adds to the compressed whole. */
export interface UserDataPart {
  readonly name: string;
  readonly bytes: number;
}

/** How the bytes of the compressed user-data divide. Biggest first. */
export function userDataParts(host: PlannedHost): UserDataPart[] {
  const text = userData(host);
  const whole = gzipUserData(text).length;
  const without = (content: string): number => whole - gzipUserData(text.replace(content, '')).length;
  const parts = [
    { name: 'the agent', bytes: without(yamlString(installedAgentProgram()).slice(1, -1)) },
    { name: 'the plan', bytes: without(installedPlanText(host.plan).trimEnd()) },
  ];
  const named = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  parts.push({ name: 'the rest', bytes: whole - named });
  return parts.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

import { deflateRawSync } from 'node:zlib';
import type { FleetPlan, PlannedHost } from '../plan/fleet-plan';
import type { HostIntents } from '../plan/intents';
import { UserDataPlatform, type UserDataForm } from '../platforms/user-data-platform';
import type { Finding } from '../rules';
import { cloudInit, gzipUserData, userDataBeginning, userDataFrameParts, userDataParts } from './cloud-init';
import { installedPlanText } from './plan-text';

/** The least of the platforms: what a host that names none is held to. */
export const LEAST_PLATFORM = UserDataPlatform.EC2;

export const USER_DATA_RULE = {
  id: 'cloud-init/user-data-size',
  severity: 'warning',
  statement: `The user-data of a host that names no platform for it, compressed, has at most ${String(LEAST_PLATFORM.limit)} bytes.`,
  reason:
    'EC2 takes no more before base64, the least of the clouds (Run Command and user data, EC2 user guide). Say userDataPlatform of a host that is to be somewhere else, or nowhere in a cloud.',
} as const;

export const USER_DATA_PLATFORM_RULE = {
  id: 'cloud-init/user-data-platform',
  severity: 'error',
  statement: "A host's user-data fits the platform that it is for.",
  reason:
    'The platform refuses to create the host otherwise, after Terraform has begun to deploy. Limits and their sources: UserDataPlatform.',
} as const;

/** Bytes of a host's user-data in each of its forms. */
type Sizes = Readonly<Record<UserDataForm, number>>;

/** The rules' findings: whose user-data is refused where it is to go, and how its bytes divide. */
export function userDataFindings(plan: FleetPlan, hosts: readonly HostIntents[] = []): Finding[] {
  const platforms = new Map(hosts.map(({ name, userDataPlatform }) => [name, userDataPlatform]));
  return plan.hosts.flatMap((host) => {
    const named = platforms.get(host.plan.host.name) ?? null;
    const platform = named ?? LEAST_PLATFORM;
    const { limit } = platform;
    if (limit === null || !mayBeTooLarge(host, platform.counts, limit)) return [];
    const sizes = sizesOf(host);
    if (sizes[platform.counts] <= limit) return [];
    return [finding(host, platform, limit, sizes, named ? USER_DATA_PLATFORM_RULE : USER_DATA_RULE)];
  });
}

function finding(
  host: PlannedHost,
  platform: UserDataPlatform,
  limit: number,
  sizes: Sizes,
  { id, severity }: Pick<Finding, 'severity'> & { readonly id: string },
): Finding {
  const { name, path } = host.plan.host;
  const parts = userDataParts(host).map((part) => `${part.name} ${count(part.bytes)}`);
  const others =
    platform === UserDataPlatform.ORACLE_CLOUD ? ', SSH keys and all other metadata included' : '';
  return {
    rule: id,
    severity,
    path,
    what: [
      `user-data of ${name}: text ${count(sizes.text)} bytes, gzip ${count(sizes.gzip)}, base64 of that ${count(sizes.base64)}; ${platform} takes ${count(limit)} of ${platform.counts}${others}`,
      `gzip: ${parts.join(' + ')} = ${count(sizes.gzip)} bytes`,
    ],
    remedy:
      'take tunnels or bridges off this host; or bring its plan by Ansible alone (a connection, and no userData in the instance); or start it from a disk with the seed (UserDataPlatform.NO_CLOUD)',
  };
}

function sizesOf(host: PlannedHost): Sizes {
  const { userData } = cloudInit(host);
  const gzip = gzipUserData(userData).length;
  return { text: Buffer.byteLength(userData), gzip, base64: base64Length(gzip) };
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/**
 * Compressing everything of a thousand hosts takes seconds. A part takes no less room alone than beside the rest, nor
 * with less effort than with more.
 */
function mayBeTooLarge({ plan }: PlannedHost, counts: UserDataForm, limit: number): boolean {
  const text = installedPlanText(plan);
  if (counts === 'text') return userDataBeginning().length + text.length + BEHIND_PLAN > limit;
  frameBytes ??= userDataFrameParts().reduce((sum, part) => sum + deflateRawSync(part).length, HEADER_BYTES);
  const gzip = frameBytes + deflateRawSync(text, SMALL_TEXT).length;
  return (counts === 'gzip' ? gzip : base64Length(gzip)) > limit;
}

/** More than what stands behind the plan. */
const BEHIND_PLAN = 1024;

/** Of gzip itself (RFC 1952 2.3), with room for the flushes between the parts. */
const HEADER_BYTES = 64;

/** Little effort, and buffers for a few kilobytes: zlib clears all of them for each text. */
const SMALL_TEXT = { level: 1, memLevel: 4, windowBits: 12, chunkSize: 2048 };

let frameBytes: number | undefined;

function count(bytes: number): string {
  return bytes.toLocaleString('en');
}

import type { FleetPlan, PlannedHost } from '../plan/fleet-plan';
import type { BootArgument, BridgePlan, HostPlan, PortPlan } from '../plan/host-plan';
import { CpuSet } from '../values/cpu-set';

/** What each host will get, for a person to read before anything happens. */
export function fleetSummary(fleet: FleetPlan): string {
  const rollout = fleet.batches.map((hosts) => hosts.join(', ')).join('; then ');
  return [...fleet.hosts.map(hostSummary), `rollout  ${rollout}\n`].join('\n');
}

/** What one host will get. */
export function hostSummary({ plan, reboot, derived }: PlannedHost): string {
  const rows: [string, string[]][] = [
    ['boot', bootLines(plan)],
    ['cores', coreLines(plan)],
    ['memory', memoryLines(plan)],
    [
      'NICs',
      plan.stages.devices.nics.map(
        ({ name, address, driver, device }) =>
          `${address} ${name} → ${driver ?? 'its kernel driver'}${device ? ` (only if it is ${device})` : ''}`,
      ),
    ],
    [
      'bridges',
      (plan.stages.dataplane.openVSwitch?.bridges ?? []).flatMap((bridge) => bridgeLines(plan, bridge)),
    ],
    ['packages', packageLines(plan)],
    [
      'reboot',
      [
        reboot === 'whenNeeded'
          ? 'when boot arguments are not in force'
          : 'never by a deploy (the host waits for yours)',
      ],
    ],
    ['derived', derived.map(({ name, value, reason }) => `${name} ${value}: ${reason}`)],
  ];
  const title = `${plan.host.name}  ${plan.host.platform}${plan.retired ? '  RETIRED: everything is undone' : ''}`;
  return `${[title, ...rows.flatMap(([name, lines]) => block(name, lines))].join('\n')}\n`;
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? name : '').padEnd(9)} ${line}`);
}

function bootLines(plan: HostPlan): string[] {
  const { arguments: list, modules } = plan.stages.boot;
  const lines = wrap(list.map(bootArgument), 100);
  return modules.length > 0 ? [...lines, `modules ${modules.join(', ')}`] : lines;
}

function bootArgument({ text, whenAcpiTable }: BootArgument): string {
  return whenAcpiTable === undefined ? text : `${text} (where the firmware has a ${whenAcpiTable} table)`;
}

function coreLines(plan: HostPlan): string[] {
  const argument = (key: string): string | undefined =>
    plan.stages.boot.arguments.find(({ text }) => text.startsWith(`${key}=`))?.text.slice(key.length + 1);
  const housekeeping = argument('systemd.cpu_affinity');
  const isolated = argument('nohz_full');
  const mask = plan.stages.dataplane.openVSwitch?.otherConfig['pmd-cpu-mask'];
  return [
    ...(housekeeping === undefined ? [] : [`${housekeeping} housekeeping`]),
    ...(isolated === undefined ? [] : [`${isolated} isolated`]),
    ...(mask === undefined ? [] : [`${CpuSet.ofMask(mask)} poll mode drivers (mask ${mask})`]),
  ];
}

function memoryLines(plan: HostPlan): string[] {
  const socketMemory = plan.stages.dataplane.openVSwitch?.otherConfig['dpdk-socket-mem'];
  return [
    ...plan.stages.devices.hugepages.map(({ pageSizeKib, node, count }) => {
      const size = pageSizeKib >= 1048576 ? `${pageSizeKib / 1048576} GiB` : `${pageSizeKib / 1024} MiB`;
      return `${node === null ? 'whole host' : `node ${node}`}: ${count} x ${size}`;
    }),
    ...(socketMemory === undefined
      ? []
      : [`DPDK takes ${socketMemory.split(',').join(' + ')} MiB (by node)`]),
  ];
}

function bridgeLines(plan: HostPlan, { name, ports }: BridgePlan): string[] {
  const link = plan.stages.network.links.find((candidate) => candidate.name === name);
  const mtu = link?.mtu == null ? '' : ` MTU ${link.mtu}`;
  return [
    `${name} ${link?.addresses.join(', ') ?? ''}${mtu}`,
    ...ports.map((port) => `  port ${port.name}: ${portText(port)}`),
  ];
}

function portText({ type, options }: PortPlan): string {
  if (type === 'dpdk') return `DPDK on ${options['dpdk-devargs']}, ${options.n_rxq} receive queue(s)`;
  if (type === 'srv6') return `SRv6 ${options.local_ip} → ${options.srv6_segs?.split(',').join(' → ')}`;
  if (options.remote_ip === undefined) return type;
  const key = options.in_key ?? options.key;
  return `${type} ${options.local_ip} → ${options.remote_ip}${key === undefined ? '' : `, key ${key}`}`;
}

function packageLines(plan: HostPlan): string[] {
  const names = plan.stages.packages.packages.map((request) =>
    'name' in request
      ? request.name
      : 'prefix' in request
        ? `${request.prefix}*`
        : `the DPDK driver of ${request.driverOf}`,
  );
  return wrap(names, 100);
}

/** Words in lines of at most this many characters, where a word alone isn't longer. */
function wrap(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

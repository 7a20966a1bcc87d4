import type { HostPlan } from './host-plan';
import type { DerivedValue } from './intents';

/** Every host of a stack, and what holds between them. */
export interface FleetPlan {
  /** Sorted by host name. */
  readonly hosts: readonly PlannedHost[];
  /** Host names in rollout order: a batch starts when the one before has ended well. */
  readonly batches: readonly (readonly string[])[];
}

export interface PlannedHost {
  readonly plan: HostPlan;
  /** How Ansible reaches the host; null: only cloud-init brings the plan. */
  readonly connection: ConnectionPlan | null;
  /** May the playbook reboot the running host? (cloud-init's one reboot of a first boot is always allowed.) */
  readonly reboot: 'whenNeeded' | 'never';
  /** What network-config says of the management NIC; null: cloud-init's own fallback (DHCP on the first NIC with a link). */
  readonly management: ManagementPlan | null;
  /** What was derived or chosen, with the reasons: for people, no part of what a host is to be. */
  readonly derived: readonly DerivedValue[];
}

export interface ConnectionPlan {
  /** Literal address or name; or the environment variable that holds it, where it is a Terraform reference. */
  readonly address: string | { readonly environmentVariable: string };
  /** null: what ssh's own configuration says (22). */
  readonly port: number | null;
  /** null: what ssh's own configuration says. */
  readonly user: string | null;
  /** Path on the machine that runs Ansible; null: what ssh takes by itself (agent, ~/.ssh/config). */
  readonly identityFile: string | null;
  /** Path on the machine that runs Ansible; null: ssh's own known_hosts. Host keys are always checked. */
  readonly knownHostsFile: string | null;
  /** Seconds that a reboot may take before the playbook gives up. */
  readonly rebootTimeoutSeconds: number;
}

export interface ManagementPlan {
  readonly macAddress: string;
  /** Static addresses with prefix length; empty: DHCP. */
  readonly addresses: readonly string[];
  readonly gateway: string | null;
  readonly nameservers: readonly string[];
}

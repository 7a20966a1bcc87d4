/** May a deploy reboot running hosts? */
export class Reboot {
  /**
   * Whenever boot arguments are planned that aren't in force.
   * @param options timeoutSeconds: how long a reboot may take, 60 to 7200; default 1800
   */
  static whenNeeded(options: { readonly timeoutSeconds?: number } = {}): Reboot {
    return new Reboot('whenNeeded', options.timeoutSeconds ?? 1800);
  }

  /** Never: the deploy ends with the hosts that wait for a reboot, and why. (A host's first boot by cloud-init still has its one reboot.) */
  static never(): Reboot {
    return new Reboot('never', 1800);
  }

  private constructor(
    /** @internal */
    readonly _policy: 'whenNeeded' | 'never',
    /** @internal */
    readonly _timeoutSeconds: number,
  ) {}
}

/** How many hosts are touched at a time. The two ends of a tunnel are never touched at the same time. */
export class Rollout {
  /** One host after the other. */
  static oneByOne(): Rollout {
    return new Rollout(1);
  }

  /** Batches of at most this many hosts, 1 or more; a batch starts when the one before has ended well. */
  static inBatchesOf(hosts: number): Rollout {
    return new Rollout(hosts);
  }

  /** As many hosts in a batch as their tunnels allow. */
  static atOnce(): Rollout {
    return new Rollout(undefined);
  }

  private constructor(
    /** @internal */
    readonly _batchSize: number | undefined,
  ) {}
}

/** What `cdktf destroy` does to the hosts. */
export enum OnDestroy {
  /** Nothing: hosts stay as they are, only Terraform forgets them. */
  LEAVE = 'leave',
  /** Give every host back as it was before, in the reverse order of the rollout. */
  UNDO = 'undo',
}

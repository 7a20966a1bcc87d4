import { Construct } from 'constructs';
import { DataplaneHost } from './dataplane-host';

/** Part of a host: its scope is the host or anything below it; without a host above, it belongs to the stack's own. */
export abstract class HostPart extends Construct {
  /** The host that this is a part of. */
  readonly host: DataplaneHost;

  protected constructor(scope: Construct, id: string) {
    super(scope, id);
    this.host = DataplaneHost.of(this);
  }
}

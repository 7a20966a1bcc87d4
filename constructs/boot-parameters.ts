import type { Construct } from 'constructs';
import { HostPart } from './host-part';
import { list, object, readProps, text } from './props';

export interface BootParametersProps {
  /**
   * Kernel arguments in their order, each as it stands on the command line: `mitigations=off`, `quiet`. Added to those of
   * the other constructs; hugepages, isolation and IOMMU have constructs of their own.
   * Source of what they mean: kernel, Documentation/admin-guide/kernel-parameters.txt.
   */
  readonly arguments: readonly string[];
}

const schema = object({
  arguments: list(
    "a list of kernel arguments like ['mitigations=off']",
    text(
      "a kernel argument without spaces and quotes, like 'mitigations=off'",
      /^[A-Za-z0-9_.-]+(=[A-Za-z0-9_.,:;+@%/=~^!-]*)?$/,
    ),
  ),
});

/**
 * Extra kernel arguments of a host. They are tried in one boot before they are kept: a host that doesn't come up with
 * them is back with the old ones after its next reset. A change reboots the host, where the Deployment allows it.
 */
export class BootParameters extends HostPart {
  constructor(scope: Construct, id: string, props: BootParametersProps) {
    super(scope, id);
    const read = readProps(this, schema, props);
    if (read) this.host._add('bootParameters', { path: this.node.path, arguments: read.arguments });
  }
}

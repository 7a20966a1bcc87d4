import type { Construct } from 'constructs';
import { PageSize } from '../src/values/page-size';
import { HostPart } from './host-part';
import { instance, integer, object, readProps, record } from './props';

export interface HugepagePoolProps {
  /** Size of the pages. A host may have a pool of each size. @default PageSize.GIB_1 */
  readonly pageSize?: PageSize;
  /** Pages on each NUMA node, by node id: `{ 0: 4, 1: 4 }`. 1 to 1,048,576 each. Either this or `pages`. */
  readonly perNode?: Readonly<Record<number, number>>;
  /** Pages of the whole host, spread by the kernel over its nodes. 1 to 1,048,576. Either this or `perNode`. */
  readonly pages?: number;
}

export interface HugepagePoolAutoProps {
  /** Size of the pages. @default 1 GiB where the CPU has it and the memory suffices for whole pages of it, else 2 MiB */
  readonly pageSize?: PageSize;
  /**
   * MiB on each NUMA node, by node id, for what the stack doesn't describe: virtual machines, pods. `{ 0: 8192, 1: 8192 }`;
   * 1 to 16,777,216 each. It is added to what Open vSwitch needs there. @default none
   */
  readonly extraPerNode?: Readonly<Record<number, number>>;
}

const count = integer('a number of pages', 1, 1048576);
/** The kernel's own bound on x86-64 (CONFIG_NODES_SHIFT=10). */
const NODE_LIMIT = 1024;
/** `01` would be node 1 a second time. */
const isNode = (key: string): boolean => /^(0|[1-9]\d{0,3})$/.test(key) && Number(key) < NODE_LIMIT;

const pageSize = instance<PageSize>(
  'PageSize.GIB_1 or PageSize.MIB_2',
  (x) => x instanceof Object && 'kernelName' in x,
).optional();

const schema = object({
  pageSize,
  perNode: record('pages by NUMA node id (0 to 1023), for example { 0: 4, 1: 4 }', isNode, count).optional(),
  pages: count.optional(),
}).superRefine(({ perNode, pages }, context) => {
  const given = (perNode && Object.keys(perNode).length > 0 ? 1 : 0) + (pages === undefined ? 0 : 1);
  if (given === 1) return;
  context.addIssue({
    code: 'custom',
    message: 'perNode or pages',
    path: [given === 0 ? 'perNode' : 'pages'],
    params: {
      shown: given === 0 ? 'missing, as is pages' : 'given beside perNode',
      expected: 'either perNode, for example { 0: 4, 1: 4 }, or pages, for example 8',
    },
  });
});

const autoSchema = object({
  pageSize,
  extraPerNode: record(
    'MiB by NUMA node id (0 to 1023), for example { 0: 8192, 1: 8192 }',
    isNode,
    integer('MiB', 1, 16777216),
  ).optional(),
});

/** What `auto` gives to the constructor; nobody else can make one. */
class Automatic {
  constructor(readonly props: HugepagePoolAutoProps) {}
}

/**
 * Hugepages of one size, reserved at boot. After each boot the host checks what the kernel really gave, for each node:
 * too few is an error that names what was asked and what was got.
 * Source: kernel, Documentation/admin-guide/mm/hugetlbpage.rst.
 */
export class HugepagePool extends HostPart {
  /**
   * A pool that is as large as its consumers need, counted when the stack is planned, so that they may be declared after it.
   * On each NUMA node that has a NIC of Open vSwitch's DPDK ports: the ports' packet buffers at their MTU, and 512 MiB for
   * DPDK itself, by the same arithmetic that checks a pool whose pages are said (`hugepages/node-budget`); on each node of
   * `extraPerNode` so much more. In whole pages; Open vSwitch takes its own part at start (`dpdk-socket-mem`), not the extra.
   * summary.txt and index.json say how many pages, and why. Whether the nodes have that memory is checked as of any pool.
   *
   * Without a profile that says on which nodes the NICs are, or where nothing takes hugepages, it is an error
   * (`hugepages/auto-size`). A host has one automatic pool; others beside it are for others.
   */
  static auto(scope: Construct, id: string, props: HugepagePoolAutoProps = {}): HugepagePool {
    return new HugepagePool(scope, id, new Automatic(props));
  }

  constructor(scope: Construct, id: string, props: HugepagePoolProps | Automatic) {
    super(scope, id);
    if (props instanceof Automatic) this.request(props.props);
    else this.add(props);
  }

  private add(props: HugepagePoolProps): void {
    const read = readProps(this, schema, props);
    if (!read) return;
    this.host._add('hugepagePools', {
      path: this.node.path,
      pageSize: read.pageSize ?? PageSize.GIB_1,
      pages: read.pages === undefined ? { perNode: byNode(read.perNode) } : { wholeHost: read.pages },
    });
  }

  private request(props: HugepagePoolAutoProps): void {
    const read = readProps(this, autoSchema, props);
    if (!read) return;
    this.host._add('hugepageRequests', {
      path: this.node.path,
      pageSize: read.pageSize,
      extraPerNode: byNode(read.extraPerNode),
    });
  }
}

function byNode(counts: Readonly<Record<string, number>> = {}): Map<number, number> {
  return new Map(Object.entries(counts).map(([node, count]) => [Number(node), count]));
}

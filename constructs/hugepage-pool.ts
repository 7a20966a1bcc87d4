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

const count = integer('a number of pages', 1, 1048576);
/** The kernel's own bound on x86-64 (CONFIG_NODES_SHIFT=10). */
const NODE_LIMIT = 1024;
/** `01` would be node 1 a second time. */
const isNode = (key: string): boolean => /^(0|[1-9]\d{0,3})$/.test(key) && Number(key) < NODE_LIMIT;

const schema = object({
  pageSize: instance<PageSize>(
    'PageSize.GIB_1 or PageSize.MIB_2',
    (x) => x instanceof Object && 'kernelName' in x,
  ).optional(),
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

/**
 * Hugepages of one size, reserved at boot. After each boot the host checks what the kernel really gave, for each node:
 * too few is an error that names what was asked and what was got.
 * Source: kernel, Documentation/admin-guide/mm/hugetlbpage.rst.
 */
export class HugepagePool extends HostPart {
  constructor(scope: Construct, id: string, props: HugepagePoolProps) {
    super(scope, id);
    const read = readProps(this, schema, props);
    if (!read) return;
    const perNode = new Map(Object.entries(read.perNode ?? {}).map(([node, pages]) => [Number(node), pages]));
    this.host._add('hugepagePools', {
      path: this.node.path,
      pageSize: read.pageSize ?? PageSize.GIB_1,
      pages: read.pages === undefined ? { perNode } : { wholeHost: read.pages },
    });
  }
}

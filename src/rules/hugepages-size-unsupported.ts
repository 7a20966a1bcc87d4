import { PageSize } from '../values/page-size';
import { hostRule } from './rule';

export const hugepagesSizeUnsupported = hostRule({
  id: 'hugepages/size-unsupported',
  severity: 'error',
  statement: 'The platform has hugepages of the size that a pool asks for.',
  reason: 'The kernel ignores an unknown hugepagesz= together with its hugepages= (hugetlbpage.rst).',
  check(host) {
    const sizes = host.platform.hugepageSizesKib;
    const names = [PageSize.GIB_1, PageSize.MIB_2]
      .filter(({ kibibytes }) => sizes.includes(kibibytes))
      .join(' and ');
    return host.hugepagePools
      .filter(({ pageSize }) => !sizes.includes(pageSize.kibibytes))
      .map(({ path, pageSize }) => ({
        path,
        what: [`asks for pages of ${pageSize}; ${host.platform} on x86-64 has ${names}`],
        remedy: 'use PageSize.GIB_1 or PageSize.MIB_2',
      }));
  },
});

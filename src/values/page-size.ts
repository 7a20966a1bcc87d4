import { ValueError } from './value-error';

/** Page sizes of Linux's hugetlbfs on any architecture, by the name that `hugepagesz=` takes, in KiB. */
const KIBIBYTES: Readonly<Record<string, number>> = {
  '64K': 64,
  '1M': 1024,
  '2M': 2048,
  '16M': 16384,
  '32M': 32768,
  '512M': 524288,
  '1G': 1048576,
  '2G': 2097152,
  '16G': 16777216,
};

/** Size of a hugepage. Source: kernel, Documentation/admin-guide/mm/hugetlbpage.rst. */
export class PageSize {
  /** 1 GiB: x86-64 CPUs with the `pdpe1gb` flag, Arm64 with 4 KiB base pages. Taken at boot. */
  static readonly GIB_1 = PageSize.of('1G');
  /** 2 MiB. Taken at boot, and mended at run time. */
  static readonly MIB_2 = PageSize.of('2M');

  private constructor(
    readonly kibibytes: number,
    /** As `hugepagesz=` takes it: `1G`. */
    readonly kernelName: string,
  ) {}

  /** @throws ValueError where no architecture of Linux has hugepages of this size */
  static of(kernelName: string): PageSize {
    const kibibytes = Object.hasOwn(KIBIBYTES, kernelName) ? KIBIBYTES[kernelName] : undefined;
    if (kibibytes === undefined) {
      throw new ValueError(`a hugepage size (${Object.keys(KIBIBYTES).join(', ')})`, kernelName);
    }
    return new PageSize(kibibytes, kernelName);
  }

  get mebibytes(): number {
    return this.kibibytes / 1024;
  }

  /** `1 GiB`. */
  toString(): string {
    return this.kernelName.replace(/^(\d+)([KMG])$/, '$1 $2iB');
  }
}

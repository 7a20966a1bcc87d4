/** Size of a hugepage. */
export class PageSize {
  /** 1 GiB: x86-64 CPUs with the `pdpe1gb` flag, Arm64 with 4 KiB base pages. Taken at boot. */
  static readonly GIB_1 = new PageSize(1048576, '1G');
  /** 2 MiB. Taken at boot, and mended at run time. */
  static readonly MIB_2 = new PageSize(2048, '2M');

  private constructor(
    readonly kibibytes: 1048576 | 2048,
    /** As the kernel's `hugepagesz=` takes it. */
    readonly kernelName: string,
  ) {}

  get mebibytes(): number {
    return this.kibibytes / 1024;
  }

  toString(): string {
    return this === PageSize.GIB_1 ? '1 GiB' : '2 MiB';
  }
}

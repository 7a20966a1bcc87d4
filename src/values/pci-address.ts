import { ValueError } from './value-error';

/** Address of a PCI function, `0000:03:00.0`: domain, bus, device (0-1f), function (0-7), lower case. */
export class PciAddress {
  private constructor(private readonly text: string) {}

  /**
   * @param text with or without the domain, upper or lower case (`03:00.0`, `0000:3B:00.1`)
   * @throws ValueError where it is none
   */
  static parse(text: string): PciAddress {
    const match = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/i.exec(text.trim());
    if (!match) {
      throw new ValueError(
        "a PCI address like '0000:03:00.0' (domain:bus:device.function; `lspci -D` shows them)",
        text,
      );
    }
    return new PciAddress(`${match[1] ?? '0000'}:${match[2]}:${match[3]}.${match[4]}`.toLowerCase());
  }

  toString(): string {
    return this.text;
  }
}

/** PCI vendor and device id, `8086:10d3`, as `lspci -n` shows it. */
export class PciDeviceId {
  private constructor(private readonly text: string) {}

  /** @throws ValueError where the text is none */
  static parse(text: string): PciDeviceId {
    if (!/^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(text.trim())) {
      throw new ValueError("a vendor:device id like '8086:10d3' (`lspci -n` shows them)", text);
    }
    return new PciDeviceId(text.trim().toLowerCase());
  }

  get vendor(): string {
    return this.text.slice(0, 4);
  }

  toString(): string {
    return this.text;
  }
}

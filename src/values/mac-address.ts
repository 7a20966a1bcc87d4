import { createHash } from 'node:crypto';
import { ValueError } from './value-error';

/** Unicast Ethernet address, `52:54:00:12:34:56`. */
export class MacAddress {
  private constructor(private readonly text: string) {}

  /** @throws ValueError where the text is none, or is a group address */
  static parse(text: string): MacAddress {
    const canonical = text.trim().toLowerCase().replaceAll('-', ':');
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(canonical)) {
      throw new ValueError("a MAC address like '52:54:00:12:34:56'", text);
    }
    if (parseInt(canonical.slice(0, 2), 16) & 1) {
      throw new ValueError('the MAC address of one interface', text, 'this is a group (multicast) address');
    }
    return new MacAddress(canonical);
  }

  /** A locally administered address (IEEE 802, 02:…) that is the same for the same name, always. */
  static derivedFrom(name: string): MacAddress {
    const bytes = createHash('sha256').update(name).digest().subarray(0, 5);
    return new MacAddress(
      ['02', ...Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))].join(':'),
    );
  }

  toString(): string {
    return this.text;
  }
}

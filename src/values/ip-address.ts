import ipaddr from 'ipaddr.js';
import { ValueError } from './value-error';

const IPV6_UNICAST = "an IPv6 unicast address like 'fd00:a::1'";

/** An IPv4 or IPv6 address in canonical text (RFC 5952). */
export class IpAddress {
  private readonly text: string;

  private constructor(private readonly address: ipaddr.IPv4 | ipaddr.IPv6) {
    this.text = address instanceof ipaddr.IPv4 ? address.toString() : address.toRFC5952String();
  }

  /** @throws ValueError where the text is none */
  static parse(text: string): IpAddress {
    const trimmed = text.trim();
    // One of the two only: to learn that a text isn't of the other kind, the library throws and catches an error.
    const address = trimmed.includes(':') ? ipv6Address(trimmed) : ipv4Address(trimmed);
    if (!address) throw new ValueError("an IP address like '10.0.0.1' or 'fd00::1'", text);
    return new IpAddress(address);
  }

  /** @throws ValueError where the text is no IPv6 address that a packet can be sent to by its own (RFC 4291 2.5: unicast, not ::, not ::1) */
  static parseIpv6Unicast(text: string): IpAddress {
    let address: IpAddress;
    try {
      address = IpAddress.parse(text);
    } catch {
      throw new ValueError(IPV6_UNICAST, text);
    }
    address.checkIpv6Unicast(text);
    return address;
  }

  /** @throws ValueError where the text is no address that a packet can be sent to by its own, of either version */
  static parseUnicast(text: string): IpAddress {
    const expected = "an IP unicast address like '192.0.2.1' or 'fd00:a::1'";
    let address: IpAddress;
    try {
      address = IpAddress.parse(text);
    } catch {
      throw new ValueError(expected, text);
    }
    if (address.version === 6) {
      address.checkIpv6Unicast(text);
      return address;
    }
    const range = address.address.range();
    if (['multicast', 'unspecified', 'loopback', 'broadcast'].includes(range)) {
      throw new ValueError(expected, text, `this is the ${range} range`);
    }
    return address;
  }

  /**
   * @param text how the address was written, for the message
   * @throws ValueError as parseIpv6Unicast
   */
  checkIpv6Unicast(text = this.text): void {
    const expected = IPV6_UNICAST;
    if (this.version !== 6) throw new ValueError(expected, text, 'this is IPv4');
    const range = this.address.range();
    if (range === 'multicast' || range === 'unspecified' || range === 'loopback' || range === 'ipv4Mapped') {
      throw new ValueError(
        expected,
        text,
        `this is ${range === 'ipv4Mapped' ? 'an IPv4-mapped address' : `the ${range} range`}`,
      );
    }
    if (range === 'linkLocal')
      throw new ValueError(expected, text, 'a link-local address means something else on each link');
  }

  get version(): 4 | 6 {
    return this.address.kind() === 'ipv4' ? 4 : 6;
  }

  equals(other: IpAddress): boolean {
    return this.toString() === other.toString();
  }

  /** Prefix that holds this address only: `10.0.0.1/32`, `fd00::1/128`. */
  toHostPrefix(): string {
    return `${this.toString()}/${this.version === 4 ? 32 : 128}`;
  }

  toString(): string {
    return this.text;
  }

  /** @internal */
  isIn(network: IpAddress, prefixLength: number): boolean {
    return network.version === this.version && this.address.match(network.address, prefixLength);
  }
}

/** An address on a link, with the prefix that is on that link: `fd00:a::1/64`. */
export class InterfaceAddress {
  private constructor(
    readonly address: IpAddress,
    readonly prefixLength: number,
  ) {}

  /** @throws ValueError where the text is none */
  static parse(text: string): InterfaceAddress {
    const expected = "an address with its prefix length like '10.0.0.1/24' or 'fd00:a::1/64'";
    const match = /^([^/]+)\/(\d{1,3})$/.exec(text.trim());
    if (!match?.[1]) throw new ValueError(expected, text);
    let address: IpAddress;
    try {
      address = IpAddress.parse(match[1]);
    } catch {
      throw new ValueError(expected, text);
    }
    const prefixLength = Number(match[2]);
    const longest = address.version === 4 ? 32 : 128;
    if (prefixLength > longest)
      throw new ValueError(expected, text, `a prefix length here is at most ${longest}`);
    return new InterfaceAddress(address, prefixLength);
  }

  /** Is the other address on the same link by this prefix? */
  covers(other: IpAddress): boolean {
    return other.isIn(this.address, this.prefixLength);
  }

  toString(): string {
    return `${this.address.toString()}/${this.prefixLength}`;
  }
}

function ipv4Address(text: string): ipaddr.IPv4 | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
}

/** Without a zone (`%eth0`): it means something on one host only. */
function ipv6Address(text: string): ipaddr.IPv6 | undefined {
  if (text.includes('%')) return undefined;
  try {
    return ipaddr.IPv6.parse(text);
  } catch {
    return undefined;
  }
}

import fc from 'fast-check';
import { isIP } from 'node:net';
import { InterfaceAddress, IpAddress } from '../../src/values/ip-address';
import { MacAddress } from '../../src/values/mac-address';
import { PciAddress, PciDeviceId } from '../../src/values/pci-address';
import { ValueError } from '../../src/values/value-error';

const bytes = (count: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength: count, maxLength: count });
/** Groups of an IPv6 address; often zero, because zeros are what text forms differ in. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});
const fullText = (parts: readonly number[]): string =>
  parts.map((part) => part.toString(16).padStart(4, '0')).join(':');

/** RFC 5952, section 4, said anew. */
function rfc5952(parts: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && parts[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (list: readonly number[]): string => list.map((part) => part.toString(16)).join(':');
  if (best.start < 0) return text(parts);
  return `${text(parts.slice(0, best.start))}::${text(parts.slice(best.start + best.length))}`;
}

describe('PciAddress', () => {
  test.each([
    ['03:00.0', '0000:03:00.0'],
    ['0000:3B:1F.7', '0000:3b:1f.7'],
    [' 10de:ff:00.1\n', '10de:ff:00.1'],
  ])("reads '%s'", (text, canonical) => expect(PciAddress.parse(text).toString()).toBe(canonical));

  test.each([
    '',
    '03:00',
    '3:00.0',
    '0000:03:20.0',
    '0000:03:00.8',
    '000:03:00.0',
    '0000:03:00.0.0',
    '0000-03-00.0',
    'g000:03:00.0',
    'enp3s0',
  ])("refuses '%s'", (text) => {
    expect(() => PciAddress.parse(text)).toThrow(ValueError);
    expect(() => PciAddress.parse(text)).toThrow(
      `expected a PCI address like '0000:03:00.0' (domain:bus:device.function; \`lspci -D\` shows them), got '${text}'`,
    );
  });

  test('has one text for each function, however it is written', () => {
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 0, max: 0xff }),
        fc.integer({ min: 0, max: 0x1f }),
        fc.integer({ min: 0, max: 7 }),
        fc.boolean(),
        (domain, bus, device, fn, upper) => {
          const canonical = `${hex(domain, 4)}:${hex(bus, 2)}:${hex(device, 2)}.${fn}`;
          const written = upper ? canonical.toUpperCase() : canonical;
          expect(PciAddress.parse(written).toString()).toBe(canonical);
          expect(PciAddress.parse(PciAddress.parse(written).toString()).toString()).toBe(canonical);
        },
      ),
    );
  });
});

test('PciDeviceId', () => {
  const id = PciDeviceId.parse(' 15B3:101d');
  expect(id.toString()).toBe('15b3:101d');
  expect(id.vendor).toBe('15b3');
  for (const text of ['15b3', '15b3:101', '15b3:101d:1', '0x15b3:0x101d']) {
    expect(() => PciDeviceId.parse(text)).toThrow(
      `expected a vendor:device id like '8086:10d3' (\`lspci -n\` shows them), got '${text}'`,
    );
  }
});

describe('MacAddress', () => {
  test('reads colons, hyphens, upper and lower case as the same address', () => {
    fc.assert(
      fc.property(bytes(6), fc.constantFrom(':', '-'), fc.boolean(), (values, separator, upper) => {
        values[0] = (values[0] ?? 0) & 0xfe;
        const canonical = values.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
        const written = canonical.replaceAll(':', separator);
        expect(MacAddress.parse(upper ? written.toUpperCase() : written).toString()).toBe(canonical);
      }),
    );
  });

  test.each([
    ['52:54:00:12:34', "expected a MAC address like '52:54:00:12:34:56', got '52:54:00:12:34'"],
    ['52:54:00:12:34:5g', /^expected a MAC address/],
    ['525400123456', /^expected a MAC address/],
    [
      '01:00:5e:00:00:01',
      "expected the MAC address of one interface, got '01:00:5e:00:00:01': this is a group (multicast) address",
    ],
    ['ff:ff:ff:ff:ff:ff', /group \(multicast\)/],
  ])("refuses '%s'", (text, message) => expect(() => MacAddress.parse(text)).toThrow(message));

  test('derives a locally administered unicast address, the same for the same name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const address = MacAddress.derivedFrom(a).toString();
        expect(address).toMatch(/^02(:[0-9a-f]{2}){5}$/);
        expect(MacAddress.parse(address).toString()).toBe(address);
        expect(MacAddress.derivedFrom(a).toString()).toBe(address);
        if (a !== b) expect(MacAddress.derivedFrom(b).toString()).not.toBe(address);
      }),
    );
    // Far ends have it in their flows: it may never change.
    expect(MacAddress.derivedFrom('east/tenants').toString()).toMatchInlineSnapshot(`"02:c0:4f:e4:a9:f7"`);
  });
});

describe('IpAddress', () => {
  test('prints IPv6 as RFC 5952 says', () => {
    fc.assert(
      fc.property(groups, fc.boolean(), (parts, upper) => {
        const written = upper ? fullText(parts).toUpperCase() : fullText(parts);
        const address = IpAddress.parse(written);
        expect(address.toString()).toBe(rfc5952(parts));
        expect(address.version).toBe(6);
        expect(IpAddress.parse(address.toString()).equals(address)).toBe(true);
        expect(address.toHostPrefix()).toBe(`${rfc5952(parts)}/128`);
      }),
      { numRuns: 500 },
    );
  });

  test('reads and prints IPv4', () => {
    fc.assert(
      fc.property(bytes(4), (values) => {
        const address = IpAddress.parse(values.join('.'));
        expect(address.toString()).toBe(values.join('.'));
        expect(address.version).toBe(4);
        expect(address.toHostPrefix()).toBe(`${values.join('.')}/32`);
      }),
    );
  });

  test('takes nothing that Node takes for no address', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'0123456789abcdefx.:%/'.split('')), maxLength: 20 });
    fc.assert(
      fc.property(odd, (text) => {
        let read = true;
        try {
          IpAddress.parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ValueError);
          read = false;
        }
        if (read) expect(isIP(text)).not.toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x7f.0.0.1',
    '1',
    'fe80::1%eth0',
    'fd00::1/64',
    'fd00',
    ':::',
  ])("refuses '%s'", (text) =>
    expect(() => IpAddress.parse(text)).toThrow(
      `expected an IP address like '10.0.0.1' or 'fd00::1', got '${text}'`,
    ),
  );

  test.each([
    ['10.0.0.1', 'this is IPv4'],
    ['ff02::1', 'this is the multicast range'],
    ['::', 'this is the unspecified range'],
    ['::1', 'this is the loopback range'],
    ['::ffff:10.0.0.1', 'this is an IPv4-mapped address'],
    ['fe80::1', 'a link-local address means something else on each link'],
  ])('%s is no segment', (text, reason) =>
    expect(() => IpAddress.parseIpv6Unicast(text)).toThrow(
      `expected an IPv6 unicast address like 'fd00:a::1', got '${text}': ${reason}`,
    ),
  );

  test('text that is no address is none for a segment either', () =>
    expect(() => IpAddress.parseIpv6Unicast('fd00::g')).toThrow(
      "expected an IPv6 unicast address like 'fd00:a::1', got 'fd00::g'",
    ));

  test.each(['fd00:a::1', '2001:db8::1', 'fc00::', '2002::1'])('%s is a segment', (text) =>
    expect(IpAddress.parseIpv6Unicast(text).toString()).toBe(text),
  );
});

describe('InterfaceAddress', () => {
  const bits = (parts: readonly number[], width: number): string =>
    parts.map((part) => part.toString(2).padStart(width, '0')).join('');

  test('covers an IPv6 address whose first bits are the same', () => {
    fc.assert(
      fc.property(
        groups,
        fc.integer({ min: 0, max: 128 }),
        fc.integer({ min: 0, max: 127 }),
        (own, length, flip) => {
          // The other address differs in one bit: right at the edge of the prefix in many runs.
          const other = own.map((part, index) =>
            index === Math.floor(flip / 16) ? part ^ (1 << (15 - (flip % 16))) : part,
          );
          const address = InterfaceAddress.parse(`${fullText(own)}/${length}`);
          expect(address.covers(IpAddress.parse(fullText(other)))).toBe(
            bits(own, 16).slice(0, length) === bits(other, 16).slice(0, length),
          );
          expect(address.toString()).toBe(`${rfc5952(own)}/${length}`);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('covers an IPv4 address whose first bits are the same, and none of the other version', () => {
    fc.assert(
      fc.property(
        bytes(4),
        bytes(4),
        fc.integer({ min: 0, max: 32 }),
        groups,
        (own, other, length, sixth) => {
          const address = InterfaceAddress.parse(`${own.join('.')}/${length}`);
          expect(address.covers(IpAddress.parse(other.join('.')))).toBe(
            bits(own, 8).slice(0, length) === bits(other, 8).slice(0, length),
          );
          expect(address.covers(IpAddress.parse(fullText(sixth)))).toBe(false);
        },
      ),
    );
  });

  test.each([
    [
      '10.0.0.1',
      "expected an address with its prefix length like '10.0.0.1/24' or 'fd00:a::1/64', got '10.0.0.1'",
    ],
    ['10.0.0.1/33', /got '10.0.0.1\/33': a prefix length here is at most 32$/],
    ['fd00::1/129', /got 'fd00::1\/129': a prefix length here is at most 128$/],
    ['fd00::1/-1', /^expected an address with its prefix length/],
    ['fd00::1/64/64', /^expected an address with its prefix length/],
    ['10.0.0.1/255.255.255.0', /^expected an address with its prefix length/],
    ['10.0.0/24', /^expected an address with its prefix length/],
  ])("refuses '%s'", (text, message) => expect(() => InterfaceAddress.parse(text)).toThrow(message));
});

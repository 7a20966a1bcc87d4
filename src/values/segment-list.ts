import { IpAddress } from './ip-address';
import { ValueError } from './value-error';

/** Open vSwitch, lib/netdev.h: SRV6_MAX_SEGS. */
export const SEGMENT_LIMIT = 6;

/** The segments (SIDs) of an SRv6 tunnel in the order of travel (RFC 8754). */
export class SegmentList {
  private constructor(readonly segments: readonly IpAddress[]) {}

  /** @throws ValueError where the list is empty, has more than 6 segments, or one that is no IPv6 unicast address */
  static of(segments: readonly (string | IpAddress)[]): SegmentList {
    const expected = `1 to ${SEGMENT_LIMIT} segments`;
    if (segments.length === 0) throw new ValueError(expected, segments);
    if (segments.length > SEGMENT_LIMIT) {
      throw new ValueError(
        expected,
        segments,
        `${segments.length} segments; Open vSwitch would use the first ${SEGMENT_LIMIT} only`,
      );
    }
    return new SegmentList(
      segments.map((segment) => {
        if (typeof segment === 'string') return IpAddress.parseIpv6Unicast(segment);
        segment.checkIpv6Unicast();
        return segment;
      }),
    );
  }

  get first(): IpAddress {
    const [first] = this.segments;
    if (!first) throw new Error('a segment list is never empty');
    return first;
  }

  /** As Open vSwitch takes it (`options:srv6_segs`). */
  toString(): string {
    return this.segments.join(',');
  }
}

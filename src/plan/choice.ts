import type { HardwareProfile } from '../hardware/hardware-profile';
import { fileOf } from '../values/text';
import type { DerivedValue, Refusal } from './intents';

/** A part that was chosen, with the reasons; or what stands in the way. */
export type Choice<T> =
  { readonly part: T; readonly values: readonly DerivedValue[] } | { readonly refusal: Refusal };

/** How to get what a choice needs. */
export const MAKE_PROFILE =
  "make one by `npx cdktf-dataplane inspect user@host > hardware/host.json`, and give it to the host: hardware: HardwareProfile.fromFile('hardware/host.json')";

/** NICs of which it must be said where they are. */
export function unsaidNodes(
  profile: HardwareProfile,
  addresses: readonly string[],
): Pick<Refusal, 'what' | 'remedy'> {
  return {
    what: [
      `the hardware profile doesn't say on which NUMA node ${addresses.join(', ')} ${addresses.length === 1 ? 'is' : 'are'} (${fileOf(profile.source)})`,
    ],
    remedy: `take a profile that says it: ${MAKE_PROFILE}`,
  };
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

import type { Prng } from "../../src/base/prng.ts";

/** A seed with up to four things done to it. */
export function damaged(seeds: readonly Uint8Array[], random: Prng): Uint8Array {
  let bytes: Uint8Array = seeds[random.below(seeds.length)]!.slice();
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 0; times--) {
    const at = random.below(bytes.length);
    switch (random.below(6)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes.fill([0, 0xff, 0x7f, 0x80][random.below(4)]!, at, at + 1 + random.below(8));
        break;
      case 4:
        bytes = joined(bytes.slice(0, at), bytes.slice(random.below(bytes.length)));
        break;
      default:
        bytes = joined(bytes.slice(0, at), seeds[random.below(seeds.length)]!);
    }
  }
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/** A small generator of 32-bit numbers; the same seed gives the same inputs. Source: xorshift32, G. Marsaglia. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … limit − 1. */
  below(limit: number): number {
    return this.next() % limit;
  }
}

/** Changes to one input at most. */
const CHANGES_MAX = 5;

/** Puts a changed copy of one of the inputs into `bytes` and returns its length. */
export function mutate(random: Random, inputs: readonly Uint8Array[], bytes: Buffer): number {
  const input = inputs[random.below(inputs.length)]!;
  for (let i = 0; i < input.length; i++) bytes[i] = input[i]!;
  let length = input.length;
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--) {
    length = change(random, inputs, bytes, length);
  }
  return length;
}

function change(
  random: Random,
  inputs: readonly Uint8Array[],
  bytes: Buffer,
  length: number,
): number {
  const at = length === 0 ? 0 : random.below(length);
  switch (random.below(8)) {
    case 0: // one bit
      if (length > 0) bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return length;
    case 1: // one byte
      if (length > 0) bytes[at] = random.next();
      return length;
    case 2: // a tag of the rarer ones
      if (length > 0) bytes[at] = 0xc0 + random.below(0x30);
      return length;
    case 3: // cut
      return at;
    case 4: // a byte more
      return insert(bytes, length, at, random.next());
    case 5: // a byte less
      bytes.copyWithin(at, at + 1, length);
      return Math.max(0, length - 1);
    case 6: // a part of itself again
      return splice(bytes, length, at, bytes.subarray(random.below(at + 1), at));
    default: {
      // a part of another input
      const other = inputs[random.below(inputs.length)]!;
      const from = other.length === 0 ? 0 : random.below(other.length);
      return splice(bytes, length, at, other.subarray(from, from + random.below(16)));
    }
  }
}

function insert(bytes: Buffer, length: number, at: number, byte: number): number {
  if (length >= bytes.length) return length;
  bytes.copyWithin(at + 1, at, length);
  bytes[at] = byte;
  return length + 1;
}

function splice(bytes: Buffer, length: number, at: number, part: Uint8Array): number {
  const count = Math.min(part.length, bytes.length - length, 32);
  const copy = part.slice(0, count);
  bytes.copyWithin(at + count, at, length);
  for (let i = 0; i < count; i++) bytes[at + i] = copy[i]!;
  return length + count;
}

/** A point on a clock that only grows, or a distance on it, in milliseconds. Fractions are allowed. */
export type Millis = number;

/** Milliseconds since 1970 at 2020-01-01T00:00:00Z: creations and fences count from here. */
export const EPOCH_2020_MS = 1_577_836_800_000;

/** The earlier of two times, of which either may be none. */
export function earliest(a: Millis | undefined, b: Millis | undefined): Millis | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

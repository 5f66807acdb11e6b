/** A point on a clock that only grows, or a distance on it, in milliseconds. Fractions are allowed. */
export type Millis = number;

/** Milliseconds since 1970 at 2020-01-01T00:00:00Z: creations and fences count from here. */
export const EPOCH_2020_MS = 1_577_836_800_000;

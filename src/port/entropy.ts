/** Randomness as the outside gives it. */
export interface Entropy {
  /** `length` unguessable bytes: nonces, cookies, keys. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1): jitter and placement, never secrets. */
  random(): number;
}

import { randomFillSync } from "node:crypto";

import type { Entropy } from "../port/entropy.ts";

/** Randomness of the operating system for secrets, of the language for jitter. */
export const entropy: Entropy = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
  random: () => Math.random(),
};

import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Digest } from "../../src/port/digest.ts";

/** The digests of the port, from the platform's library. */
export const digest: Digest = {
  sha256(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
  hmac(key, ...parts) {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return new Uint8Array(hmac.digest());
  },
  hkdf(key, salt, info, length) {
    return new Uint8Array(hkdfSync("sha256", key, salt, info, length));
  },
  equal(a, b) {
    return a.length === b.length && timingSafeEqual(a, b);
  },
};

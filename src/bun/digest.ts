import { hkdfSync, timingSafeEqual } from "node:crypto";

import type { Digest } from "../port/digest.ts";

function digest(hasher: Bun.CryptoHasher, parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) hasher.update(part);
  return new Uint8Array(hasher.digest());
}

/** SHA-256, HMAC and HKDF as Bun's BoringSSL computes them. */
export const sha256Digest: Digest = {
  sha256: (...parts) => digest(new Bun.CryptoHasher("sha256"), parts),
  // An empty key means "no key" to CryptoHasher; one zero byte is the same HMAC, because keys are padded with zeros.
  hmac: (key, ...parts) =>
    digest(new Bun.CryptoHasher("sha256", key.length === 0 ? new Uint8Array(1) : key), parts),
  hkdf: (key, salt, info, length) => new Uint8Array(hkdfSync("sha256", key, salt, info, length)),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

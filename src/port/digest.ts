/** The keyed and plain digests that the handshake needs; synchronous, SHA-256 throughout, 32 bytes each. */
export interface Digest {
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** HKDF-SHA256 of RFC 5869; `length` in bytes. */
  hkdf(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Compares without telling by its duration where the two differ; different lengths are unequal. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

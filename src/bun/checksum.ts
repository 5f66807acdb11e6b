/** CRC-32 of the bytes, going on from `before`: to compare runs with, never to protect anything. */
export const checksum = (bytes: Uint8Array, before: number): number =>
  Bun.hash.crc32(bytes, before) >>> 0;

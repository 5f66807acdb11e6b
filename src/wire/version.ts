/** The newest protocol version spoken here. */
export const PROTOCOL_VERSION = 1;

/** The oldest one spoken here: a node talks to its predecessor, so that a cluster can be upgraded node by node. */
export const PROTOCOL_VERSION_MIN = 1;

/** A closed range of versions; 1 to 65,535. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** The highest version that both speak, or undefined. */
export function negotiateVersion(own: VersionRange, peer: VersionRange): number | undefined {
  const version = Math.min(own.max, peer.max);
  return version >= Math.max(own.min, peer.min) ? version : undefined;
}

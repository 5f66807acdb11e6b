/**
 * Capabilities: what a node can do beyond the version's core, one bit each. HELLO carries what a node offers and, as
 * a subset, what it requires. A flag that is not known here is ignored unless the peer requires it.
 */

/** One bit for each capability of this version. */
export const Capability = {
  /** Sessions resume on new sockets (D3). */
  resume: 1 << 0,
  /** Messages over a frame travel in fragments. */
  fragments: 1 << 1,
  /** Lanes beside the control connection. */
  lanes: 1 << 2,
  /** Spawn requests by function name. */
  spawn: 1 << 3,
  /** QUERY and ANSWER of the command line tools. */
  query: 1 << 4,
  /** PEERS: the mesh. */
  mesh: 1 << 5,
} as const;

/** What this version offers. */
export const CAPABILITIES_OFFERED: number = Object.values(Capability).reduce(
  (all, bit) => all | bit,
  0,
);

/** What this version cannot do without. */
export const CAPABILITIES_REQUIRED: number =
  Capability.resume | Capability.fragments | Capability.lanes;

/** Names of the flags in `bits`, for log lines; an unknown one as `bit 17`. */
export function capabilityNames(bits: number): readonly string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if ((bits & (1 << bit)) === 0) continue;
    const known = Object.entries(Capability).find(([, value]) => value === 1 << bit);
    names.push(known === undefined ? `bit ${bit}` : known[0]);
  }
  return names;
}

/** Offered by a node, and those of them that it requires of its peer. 32 bits each. */
export interface Capabilities {
  readonly offered: number;
  readonly required: number;
}

/** What both sides may use, and what either side misses at the other. */
export function negotiateCapabilities(
  own: Capabilities,
  peer: Capabilities,
): { readonly common: number; readonly missingAtPeer: number; readonly missingHere: number } {
  return {
    common: (own.offered & peer.offered) >>> 0,
    missingAtPeer: (own.required & ~peer.offered) >>> 0,
    missingHere: (peer.required & ~own.offered) >>> 0,
  };
}

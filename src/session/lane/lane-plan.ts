/** Which lanes join two nodes (D2). */

/** One lane as one side sees it. */
export interface LanePlan {
  /** 1 to n. */
  readonly lane: number;
  /** This node's scheduler that owns the lane, 1 to its count. */
  readonly scheduler: number;
  /** The peer's. */
  readonly peerScheduler: number;
  /** Whether this node's scheduler sends on this lane: each sends on the lane of its own number only. */
  readonly sends: boolean;
}

/**
 * The lanes between a node with `own` schedulers and a peer with `peer`: as many as the larger has, lane k at its
 * scheduler k; the smaller one's schedulers take several each. None where a side has no schedulers.
 */
export function planLanes(own: number, peer: number): readonly LanePlan[] {
  if (own === 0 || peer === 0) return [];
  const plans: LanePlan[] = [];
  for (let lane = 1; lane <= Math.max(own, peer); lane++) {
    const scheduler = ((lane - 1) % own) + 1;
    const peerScheduler = ((lane - 1) % peer) + 1;
    plans.push({ lane, scheduler, peerScheduler, sends: lane === scheduler });
  }
  return plans;
}

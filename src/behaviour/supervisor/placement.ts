import type { Millis } from "../../base/millis.ts";
import type { PeerSession } from "../../process/peer-session.ts";

/** Where a supervisor's children go, and when one may be replaced: functions of nothing but their arguments. */

/** What a placement function is told. */
export interface PlacementView {
  readonly id: string;
  /** This node first, then those that it is connected to, in order of name. */
  readonly nodes: readonly string[];
  /** Where the child was last; undefined before its first start. */
  readonly last: string | undefined;
}

/**
 * Names the node for a child's next start, or several in order of preference. What it throws is a failed start, and so is no answer
 * within five seconds.
 */
export type PlacementFunction = (
  view: PlacementView,
) => string | readonly string[] | Promise<string | readonly string[]>;

/** Share of the waiting time that covers clocks which run at different rates, and timers that are late. */
const MARGIN = 1.1;

/** Milliseconds from a new session with the node until its schedulers have heard that the one before is over. */
const SETTLE_MS = 1_000;

/** Milliseconds between two looks for a node that can be reached: at first, and at the most. */
const PAUSE_MS = 250;
const PAUSE_MS_MAX = 5_000;

/**
 * When nothing of a child that was started in this session can run any more, on the clock of the supervisor's scheduler: by
 * then it was told to end and killed over there, even if it has never been heard of again. 0: already.
 */
export function replaceableAt(
  { incarnation, heardAt }: PeerSession,
  leaseMs: Millis,
  shutdownMs: Millis,
): Millis {
  if (incarnation.isGone || heardAt === undefined) return 0;
  return heardAt + (leaseMs + shutdownMs) * MARGIN;
}

/** The same once there is a new session with the same start of the node: the old one is over on both sides. */
export function replaceableAfterReturn(upAt: Millis, shutdownMs: Millis): Millis {
  return upAt + shutdownMs * MARGIN + SETTLE_MS;
}

/**
 * The order in which nodes are tried: as preferred. After a loss those that are connected come first, since they can be had
 * at once, and the lost one last.
 */
export function orderOf(
  preferred: readonly string[],
  lost: string | undefined,
  isConnected: (node: string) => boolean,
): string[] {
  if (lost === undefined) return [...preferred];
  const rank = (node: string): number => (node === lost ? 2 : isConnected(node) ? 0 : 1);
  return [...preferred].sort((a, b) => rank(a) - rank(b));
}

/** Milliseconds before look number `attempt`, 1 being the first that failed. */
export function pauseMs(attempt: number): Millis {
  return Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(attempt - 1, 16));
}

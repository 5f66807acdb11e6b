import type { Millis } from "../base/millis.ts";

/** One start of another node. */
export interface PeerIncarnation {
  /** Known to have ended: nothing that ran there can run any more. */
  isGone: boolean;
}

/** A session with another node, for those who have started processes there. */
export interface PeerSession {
  readonly node: string;
  readonly incarnation: PeerIncarnation;
  /** Undefined while it stands; then when the last byte came from there, or later, on this scheduler's clock. */
  heardAt: Millis | undefined;
}

/** Is told about a node after everything that processes are told; may stop watching meanwhile. */
export interface PeerWatcher {
  sessionUp(session: PeerSession): void;
  /** The incarnation that the last session was with has ended. */
  nodeGone(): void;
}

/** The nodes that this one has to do with, as supervisors see them. */
export interface Peers {
  /** The session that stands. */
  sessionOf(node: string): PeerSession | undefined;
  /** Names of the nodes with a session, in order of name. */
  connected(): string[];
  /** Somebody waits for the end of what was lost with a node: it is dialled where it listened. */
  doubt(node: string): void;
  watch(node: string, watcher: PeerWatcher): void;
  unwatch(node: string, watcher: PeerWatcher): void;
}

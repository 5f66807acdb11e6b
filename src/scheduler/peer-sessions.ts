import type { Millis } from "../base/millis.ts";
import type { PeerIncarnation, Peers, PeerSession, PeerWatcher } from "../process/peer-session.ts";

interface Peer {
  creation: number;
  incarnation: PeerIncarnation;
  session: PeerSession | undefined;
}

/**
 * What is known of sessions with other nodes and of how they ended: whether what ran over there may still run, and since
 * when nothing was heard. A core of one scheduler; told by the node's driver, in the order in which processes hear of it.
 */
export class PeerSessions implements Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #watchers = new Map<string, Set<PeerWatcher>>();
  readonly #doubted: (node: string, creation: number) => void;

  /** `doubted`: finds out whether a node without a session is gone; answered by `gone`, or not. */
  constructor(doubted: (node: string, creation: number) => void) {
    this.#doubted = doubted;
  }

  /** Those who watch: 0 when nothing is waited for. */
  get size(): number {
    return this.#watchers.size;
  }

  sessionOf(node: string): PeerSession | undefined {
    return this.#peers.get(node)?.session;
  }

  connected(): string[] {
    const names: string[] = [];
    for (const [name, { session }] of this.#peers) if (session !== undefined) names.push(name);
    return names.sort();
  }

  watch(node: string, watcher: PeerWatcher): void {
    const watchers = this.#watchers.get(node);
    if (watchers === undefined) this.#watchers.set(node, new Set([watcher]));
    else watchers.add(watcher);
  }

  unwatch(node: string, watcher: PeerWatcher): void {
    const watchers = this.#watchers.get(node);
    if (watchers?.delete(watcher) === true && watchers.size === 0) this.#watchers.delete(node);
  }

  up(node: string, creation: number): void {
    const before = this.#peers.get(node);
    const isSame = before?.creation === creation;
    if (!isSame) this.#gone(node, before);
    const incarnation = isSame ? before.incarnation : { isGone: false };
    const session: PeerSession = { node, incarnation, heardAt: undefined };
    this.#peers.set(node, { creation, incarnation, session });
    for (const watcher of this.#watching(node)) watcher.sessionUp(session);
  }

  /** `heardAt`: when the last byte came, or later; `isGone`: the session ended because the node did. */
  down(node: string, heardAt: Millis, isGone: boolean): void {
    const peer = this.#peers.get(node);
    if (peer?.session === undefined) return;
    peer.session.heardAt = heardAt;
    peer.session = undefined;
    if (isGone) this.#gone(node, peer);
  }

  /** That start of the node has ended, as dials of where it listened have shown. */
  gone(node: string, creation: number): void {
    const peer = this.#peers.get(node);
    if (peer?.creation === creation && peer.session === undefined) this.#gone(node, peer);
  }

  doubt(node: string): void {
    const peer = this.#peers.get(node);
    if (peer !== undefined && peer.session === undefined) this.#doubted(node, peer.creation);
  }

  #gone(node: string, peer: Peer | undefined): void {
    if (peer === undefined || peer.incarnation.isGone) return;
    peer.incarnation.isGone = true;
    // Nobody needs to know more of it; a node that comes back is another one.
    if (peer.session === undefined) this.#peers.delete(node);
    for (const watcher of this.#watching(node)) watcher.nodeGone();
  }

  #watching(node: string): PeerWatcher[] {
    return [...(this.#watchers.get(node) ?? [])];
  }
}

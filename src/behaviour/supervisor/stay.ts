import { Deadline } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import { demonitor, monitor } from "../../process/bonds.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { PeerSession, PeerWatcher } from "../../process/peer-session.ts";
import type { Process } from "../../process/process.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import { replaceableAfterReturn, replaceableAt } from "./placement.ts";

/**
 * One start of a child on another node, from the request on until it is certain that nothing of it runs there.
 *
 *     open ──its end is heard of, or it cannot have begun──► over
 *       └──the session is lost──► lost ──the node is gone · time is over · it answers for the child──► over
 */
export class Stay extends Deadline implements PeerWatcher {
  readonly node: string;
  readonly #process: Process;
  readonly #shutdownMs: Millis;
  readonly #ended: (stay: Stay) => void;
  /** The session that the request went out in; undefined while there is none yet. */
  #session: PeerSession | undefined;
  #pid: Pid<unknown> | undefined = undefined;
  #state: "open" | "lost" | "over" = "open";
  #ref: Ref | undefined = undefined;

  /** Before the request leaves. `ended`: told once, when it is over. */
  constructor(process: Process, node: string, shutdownMs: Millis, ended: (stay: Stay) => void) {
    super();
    this.node = node;
    this.#process = process;
    this.#shutdownMs = shutdownMs;
    this.#ended = ended;
    const { peers } = process.host;
    this.#session = peers.sessionOf(node);
    if (this.#session === undefined) peers.watch(node, this);
  }

  /** Something of it may still run where nobody hears of it. */
  get isLost(): boolean {
    return this.#state === "lost";
  }

  spawned(pid: Pid<unknown>): void {
    this.#pid = pid;
    if (this.#state === "open") this.#process.host.peers.unwatch(this.node, this);
  }

  /** The start has failed, or the process has ended; so it is told here, with this reason. */
  ended(reason: unknown): void {
    if (this.#state !== "open") return;
    const session = this.#session;
    const { host } = this.#process;
    const until =
      reason !== "noconnection" || session === undefined
        ? 0
        : replaceableAt(session, host.leaseMs, this.#shutdownMs);
    const afterMs = until - host.now();
    if (afterMs <= 0) return this.close();
    this.#state = "lost";
    host.peers.watch(this.node, this);
    host.setDeadline(this, afterMs);
    const now = host.peers.sessionOf(this.node);
    if (now !== undefined) this.sessionUp(now);
  }

  sessionUp(session: PeerSession): void {
    if (this.#state === "open") {
      this.#session ??= session;
      this.#process.host.peers.unwatch(this.node, this);
      return;
    }
    if (this.#state !== "lost" || this.#process.life !== LIFE_RUNNING) return;
    const { host } = this.#process;
    if (this.#pid === undefined) {
      const until = replaceableAfterReturn(host.now(), this.#shutdownMs);
      if (until < this.at) host.setDeadline(this, until - host.now());
      return;
    }
    // Its own node answers for it: with the end, when it is there.
    if (this.#ref !== undefined) demonitor(this.#process, this.#ref, false);
    this.#ref = monitor(this.#process, this.#pid, (reason) => {
      this.#ref = undefined;
      if (reason !== "noconnection") this.close();
    });
  }

  nodeGone(): void {
    if (this.#state === "lost") this.close();
  }

  override expired(): void {
    this.close();
  }

  /** It is over, or nobody wants to know any more. */
  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    const { host } = this.#process;
    host.peers.unwatch(this.node, this);
    host.clearDeadline(this);
    if (this.#ref !== undefined && this.#process.life === LIFE_RUNNING)
      demonitor(this.#process, this.#ref, false);
    this.#ended(this);
  }
}

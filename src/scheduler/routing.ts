import { Pid } from "../term/pid.ts";
import { handleDemonitor } from "../process/bonds.ts";
import { reasonText } from "../process/exit-reason.ts";
import type { ProcessHost } from "../process/host.ts";
import { Process } from "../process/process.ts";
import type { NameOnNode, Signal, SignalOf } from "../process/signal.ts";
import { handleMonitorNamed, handleSignalTo, type NamedWatches, undeliverable } from "./signals.ts";

/** What handles the signals that are about spawning. */
export interface SpawnSignals {
  requested(signal: SignalOf<"spawn_request">): void;
  replied(signal: SignalOf<"spawn_reply">): void;
}

/** Where a signal goes: to a process of this scheduler, at once, or out. Names of this node are resolved here. */
export class Routing {
  readonly #host: ProcessHost;
  readonly #index: number;
  readonly #watches: NamedWatches;
  readonly #spawns: SpawnSignals;

  constructor(host: ProcessHost, index: number, watches: NamedWatches, spawns: SpawnSignals) {
    this.#host = host;
    this.#index = index;
    this.#watches = watches;
    this.#spawns = spawns;
  }

  dispatch(signal: Signal): void {
    const host = this.#host;
    switch (signal.kind) {
      case "message_named":
        if (signal.node !== host.nodeName) host.outbound.signal(signal);
        else this.messageNamed(signal.from, signal.name, signal.message);
        return;
      case "monitor_named":
        if (signal.node !== host.nodeName) host.outbound.signal(signal);
        else handleMonitorNamed(host, this.#watches, signal);
        return;
      case "spawn_request":
        this.#spawns.requested(signal);
        return;
      case "multicast":
        // Only the way out: what arrives goes to its service, before it gets here.
        host.outbound.signal(signal);
        return;
      case "demonitor":
        if (signal.to instanceof Pid) this.#toPid(signal.to as Pid<unknown>, signal);
        else this.#demonitorNamed(signal, signal.to);
        return;
      default:
        this.#toPid(signal.to as Pid<unknown>, signal);
    }
  }

  /** A message to a name of this node. */
  messageNamed(from: Pid | undefined, name: string, message: unknown): void {
    const host = this.#host;
    const to = host.whereis(name);
    if (to === undefined) host.reports.deadLetter("noname", { name, node: host.nodeName }, message);
    else this.dispatch({ kind: "message", from, to, message });
  }

  /** Whether a pid is one of this scheduler, dead or alive. */
  isHere(pid: Pid): boolean {
    return pid.nodeRef === this.#host.identities.local && pid.scheduler === this.#index;
  }

  /** Whether a pid is of an earlier start of this node: whoever it was is dead. */
  isStale(pid: Pid): boolean {
    return pid.nodeRef !== this.#host.identities.local && pid.node === this.#host.nodeName;
  }

  #toPid(
    to: Pid<unknown>,
    signal: Exclude<
      Signal,
      { kind: "message_named" | "monitor_named" | "multicast" | "spawn_request" }
    >,
  ): void {
    const host = this.#host;
    if (to.owner !== undefined || this.isHere(to)) {
      if (signal.kind === "spawn_reply") this.#spawns.replied(signal);
      else handleSignalTo(host, to, signal);
    } else if (this.isStale(to)) {
      undeliverable(host, signal, "noproc");
    } else if (signal.kind === "message" && signal.from !== undefined) {
      host.outbound.message(signal.from, to, signal.message);
    } else if (signal.kind === "down" || signal.kind === "link_exit") {
      this.#endAway(signal);
    } else {
      host.outbound.signal(signal);
    }
  }

  /** An exit reason is whatever a process threw: one that cannot be sent travels as text, so that the end is heard of. */
  #endAway(signal: SignalOf<"down" | "link_exit">): void {
    const { outbound } = this.#host;
    try {
      outbound.signal(signal);
    } catch {
      outbound.signal({ ...signal, reason: reasonText(signal.reason) });
    }
  }

  #demonitorNamed(signal: SignalOf<"demonitor">, to: NameOnNode): void {
    const host = this.#host;
    if (to.node !== host.nodeName) {
      host.outbound.signal(signal);
      return;
    }
    // A monitor that was put on a process of another scheduler is not in the table: whoever holds the name now is most
    // likely still the one. If not, the monitor stays where it is until that process ends, and its `Down` is ignored.
    const pid = this.#watches.take(signal.ref) ?? host.whereis(to.name);
    if (pid === undefined) return;
    const { owner } = pid as Pid<unknown>;
    if (owner instanceof Process) handleDemonitor(owner, signal.ref);
    else this.dispatch({ kind: "demonitor", from: signal.from, to: pid, ref: signal.ref });
  }
}

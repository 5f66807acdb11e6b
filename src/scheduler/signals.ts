import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import {
  handleDemonitor,
  handleDown,
  handleLink,
  handleLinkExit,
  handleMonitor,
  handleUnlink,
  handleUnlinkAck,
} from "../process/bonds.ts";
import type { Owner, ProcessHost } from "../process/host.ts";
import { LIFE_EXITING } from "../process/life.ts";
import { Process } from "../process/process.ts";
import type { NameOnNode, Signal, SignalOf } from "../process/signal.ts";

type ToPid = Exclude<
  Signal,
  { kind: "message_named" | "monitor_named" | "multicast" | "spawn_request" | "demonitor" }
>;

/** Which processes of this scheduler are monitored by name, by the monitor's ref. */
export class NamedWatches {
  readonly #pids = new Map<Ref, Pid>();

  get size(): number {
    return this.#pids.size;
  }

  add(ref: Ref, pid: Pid): void {
    this.#pids.set(ref, pid);
  }

  /** Whom the monitor was put on; forgets it. */
  take(ref: Ref): Pid | undefined {
    const pid = this.#pids.get(ref);
    this.#pids.delete(ref);
    return pid;
  }
}

/** What a signal does to a process of this scheduler, dead or alive. */
export function handleSignalTo(
  host: ProcessHost,
  to: Pid<unknown>,
  signal: ToPid | SignalOf<"demonitor">,
): void {
  const owner = to.owner as Owner | undefined;
  if (signal.kind === "message") {
    if (owner === undefined) host.reports.deadLetter("noproc", to, signal.message);
    else owner.deliver(signal.message);
    return;
  }
  // A monitor on a process that is about to end waits for that: its `Down` means that names are free.
  const isWatch = signal.kind === "monitor";
  if (!(owner instanceof Process) || (owner.life >= LIFE_EXITING && !isWatch)) {
    answerForDead(host, to, signal);
    return;
  }
  switch (signal.kind) {
    case "exit":
      return owner.exitSignal(signal.from, signal.reason, false);
    case "link":
      return handleLink(owner, signal.from);
    case "unlink":
      return handleUnlink(owner, signal.from, signal.id);
    case "unlink_ack":
      return handleUnlinkAck(owner, signal.from, signal.id);
    case "link_exit":
      return handleLinkExit(owner, signal.from, signal.reason);
    case "monitor":
      return handleMonitor(owner, { from: signal.from, ref: signal.ref, target: to });
    case "demonitor":
      return handleDemonitor(owner, signal.ref);
    case "down":
      return handleDown(owner, signal.ref, signal.reason);
    case "spawn_reply":
      return;
  }
}

/** What goes back for a process that is not there (any more). */
function answerForDead(host: ProcessHost, to: Pid, signal: ToPid | SignalOf<"demonitor">): void {
  switch (signal.kind) {
    case "link":
      host.dispatch({ kind: "link_exit", from: to, to: signal.from, reason: "noproc" });
      return;
    case "unlink":
      host.dispatch({ kind: "unlink_ack", from: to, to: signal.from, id: signal.id });
      return;
    case "monitor":
      host.dispatch({
        kind: "down",
        from: to,
        to: signal.from,
        ref: signal.ref,
        target: to,
        reason: "noproc",
      });
      return;
    default:
      return;
  }
}

/** Monitors whoever holds a name of this node now. */
export function handleMonitorNamed(
  host: ProcessHost,
  watches: NamedWatches,
  signal: SignalOf<"monitor_named">,
): void {
  const { from, name, node, ref } = signal;
  const target: NameOnNode = { name, node };
  const holder = host.whereis(name);
  const owner = holder?.owner;
  if (holder !== undefined && owner === undefined) {
    // The holder lives on another scheduler: the `Down` comes from there and names what the watcher knows by its ref.
    host.dispatch({ kind: "monitor", from, to: holder, ref });
  } else if (owner instanceof Process && owner.life < LIFE_EXITING) {
    watches.add(ref, owner.pid);
    handleMonitor(owner, { from, ref, target });
  } else {
    host.dispatch({ kind: "down", from: holder, to: from, ref, target, reason: "noproc" });
  }
}

/** Says what a signal means that cannot reach its target: the node is out of reach, or the pid is of an earlier incarnation. */
export function undeliverable(
  host: ProcessHost,
  signal: Signal,
  reason: "noconnection" | "noproc",
): void {
  switch (signal.kind) {
    case "message":
      host.reports.deadLetter(reason, signal.to, signal.message);
      return;
    case "message_named":
      host.reports.deadLetter(reason, { name: signal.name, node: signal.node }, signal.message);
      return;
    case "multicast":
      host.reports.deadLetter(reason, { name: signal.topic, node: signal.node }, signal.message);
      return;
    case "link":
      host.dispatch({ kind: "link_exit", from: signal.to, to: signal.from, reason });
      return;
    case "unlink":
      host.dispatch({ kind: "unlink_ack", from: signal.to, to: signal.from, id: signal.id });
      return;
    case "monitor":
    case "monitor_named": {
      const { from, ref } = signal;
      const target =
        signal.kind === "monitor" ? signal.to : { name: signal.name, node: signal.node };
      host.dispatch({ kind: "down", from: undefined, to: from, ref, target, reason });
      return;
    }
    case "spawn_request": {
      const { from, ref } = signal;
      const result = { ok: false, code: "noconnection" } as const;
      host.dispatch({ kind: "spawn_reply", from: undefined, to: from, ref, result });
      return;
    }
    default:
      return;
  }
}

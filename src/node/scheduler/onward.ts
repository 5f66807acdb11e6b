import type { Scheduler } from "../../scheduler/scheduler.ts";
import { Pid } from "../../term/pid.ts";
import type { Undecodable, WireRoom, WireSignal } from "../../wire/signals/wire-signal.ts";

type Relayed = Exclude<WireSignal, { kind: "multicast" | "room" | "room_control" }>;

/** A signal that a lane brought, and the scheduler of this node that it is for. */
export interface Onward {
  readonly scheduler: number;
  readonly signal: Relayed;
}

/**
 * Where a signal from another node has to go on this one; undefined: it stays on this scheduler, or is for nobody. Names
 * and places are resolved here and not on the way on, because only here it is known which session the signal belongs to: it
 * must neither overtake the news of that session nor outlive it.
 */
export function onward(signal: Relayed, scheduler: Scheduler): Onward | undefined {
  switch (signal.kind) {
    case "message_named": {
      const { from, message, name, node } = signal;
      const to = node === scheduler.nodeName ? scheduler.whereis(name) : undefined;
      return to && toPid(to, { kind: "message", from, to, message }, scheduler);
    }
    case "monitor_named": {
      const { from, name, node, ref } = signal;
      const to = node === scheduler.nodeName ? scheduler.whereis(name) : undefined;
      // The `Down` comes from there and names what the watcher knows by its ref.
      return to && toPid(to, { kind: "monitor", from, to, ref }, scheduler);
    }
    case "spawn_request": {
      if (signal.node !== scheduler.nodeName) return undefined;
      // Also when it is this one's turn: who takes turns must not be asked twice.
      const place = scheduler.spawning.schedulerFor(signal);
      return { scheduler: place, signal: { ...signal, scheduler: place } };
    }
    case "demonitor":
      return signal.to instanceof Pid ? toPid(signal.to, signal, scheduler) : undefined;
    default:
      return toPid(signal.to, signal, scheduler);
  }
}

/** Whether it is what rooms say to each other: their driver knows where it goes. */
export const isRoom = (signal: WireSignal | Undecodable): signal is WireRoom =>
  signal.kind === "room" || signal.kind === "room_control";

function toPid(to: Pid, signal: Relayed, scheduler: Scheduler): Onward | undefined {
  const isElsewhere = to.nodeRef.isLocal && to.scheduler !== scheduler.index;
  return isElsewhere ? { scheduler: to.scheduler, signal } : undefined;
}

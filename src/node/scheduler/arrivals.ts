import type { LogSink } from "../../port/log.ts";
import type { Owner } from "../../process/host.ts";
import type { Signal } from "../../process/signal.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";
import type { LaneSink } from "../../session/lane/incoming.ts";
import type { Pid } from "../../term/pid.ts";
import type { Undecodable, WireSignal } from "../../wire/signals/wire-signal.ts";
import { isRoom, onward } from "./onward.ts";
import { HERE, type Origin, type PortLink } from "./ports/port-link.ts";
import type { RoomDriver } from "./rooms/room-driver.ts";
import type { SchedulerServices } from "./scheduler-services.ts";

/** What arrivals are handed to. All of it is read when something arrives: what belongs together is made in turn. */
export interface ArrivalTargets {
  readonly scheduler: Scheduler;
  readonly rooms: RoomDriver;
  readonly services: SchedulerServices;
  /** The port to that scheduler of this node; `undefined` for this one, and for one that is gone. */
  link(scheduler: number): PortLink | undefined;
}

/** Takes what lanes and ports bring: processes of this scheduler get it, those of another over its port. */
export class Arrivals {
  /** This scheduler. */
  readonly #index: number;
  readonly #log: LogSink;
  readonly #targets: ArrivalTargets;

  constructor(index: number, log: LogSink, targets: ArrivalTargets) {
    this.#index = index;
    this.#log = log;
    this.#targets = targets;
  }

  /** For a lane of the session that `origin` names. */
  sink(origin: Origin): LaneSink {
    const targets = this.#targets;
    return {
      message: (from, to, message) => {
        const owner = (to as Pid<unknown>).owner as Owner | undefined;
        if (owner !== undefined) return owner.deliver(message);
        const link = this.#isElsewhere(to) ? targets.link(to.scheduler) : undefined;
        if (link !== undefined) return link.message(from, to, message, origin);
        targets.scheduler.handleSignal({ kind: "message", from, to, message });
      },
      signal: (signal) => this.#arrived(signal, origin),
      undecodable: (undecodable) => this.#arrived(undecodable, origin),
    };
  }

  /** For the port to `scheduler`; `origin` is the session that the signal came from, if one did. */
  fromPort(signal: WireSignal | Undecodable, origin: Origin, scheduler: number): void {
    if (isRoom(signal)) this.#targets.rooms.receive(signal, origin, scheduler);
    else this.#arrived(signal, HERE);
  }

  #arrived(signal: WireSignal | Undecodable, origin: Origin): void {
    const { scheduler, rooms, services } = this.#targets;
    if (signal.kind === "undecodable") return this.#undecodable(signal);
    if (isRoom(signal)) return rooms.receive(signal, origin, undefined);
    if (signal.kind === "multicast") {
      if (!services.multicast(signal, origin)) scheduler.undeliverable(signal, "noproc");
      return;
    }
    if ((signal.kind === "down" || signal.kind === "link_exit") && signal.from !== undefined) {
      services.endedElsewhere(signal.from);
    }
    const relayed = origin === HERE ? undefined : onward(signal, scheduler);
    const link = relayed && this.#targets.link(relayed.scheduler);
    if (relayed !== undefined && link !== undefined) return link.signal(relayed.signal, origin);
    scheduler.handleSignal((relayed?.signal ?? signal) satisfies Signal);
  }

  #undecodable({ signal, error }: Undecodable): void {
    const { scheduler } = this.#targets;
    this.#log.write("warn", "a message cannot be decoded here", { error: error.message });
    if (signal.kind === "spawn_request") {
      const { from, ref } = signal;
      const result = { ok: false, code: "badarg" } as const;
      return scheduler.handleSignal({
        kind: "spawn_reply",
        from: undefined,
        to: from,
        ref,
        result,
      });
    }
    if (signal.kind === "message") return scheduler.undecodable(signal.to);
    const name = signal.kind === "multicast" ? signal.topic : signal.name;
    scheduler.undecodable({ name, node: signal.node });
  }

  #isElsewhere(to: Pid): boolean {
    return to.nodeRef.isLocal && to.scheduler !== this.#index;
  }
}

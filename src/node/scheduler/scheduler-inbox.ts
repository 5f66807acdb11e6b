/** What the control thread says to a scheduler, handed to whom it concerns. */
import type { Clock } from "../../port/clock.ts";
import type { ThreadPort } from "../../port/threads.ts";
import type { Transport } from "../../port/transport.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";
import type { Departures } from "./departures.ts";
import type { NodeLink } from "./node-link.ts";
import type { Partings } from "./partings.ts";
import type { PortLinks } from "./ports/port-links.ts";
import type { RoomDriver } from "./rooms/room-driver.ts";
import type { Routes } from "./routes.ts";
import { answerQuery } from "./scheduler-query.ts";
import type { SchedulerServices } from "./scheduler-services.ts";
import type { SchedulerSessions } from "./scheduler-sessions.ts";
import type { StartedFunctions } from "./started-functions.ts";
import type { ToControl, ToScheduler } from "../thread-message.ts";

export interface SchedulerInboxOptions {
  readonly world: { readonly clock: Clock; readonly transport: Transport };
  readonly scheduler: Scheduler;
  readonly links: PortLinks;
  readonly sessions: SchedulerSessions;
  readonly routes: Routes;
  readonly departures: Departures;
  readonly partings: Partings;
  readonly rooms: RoomDriver;
  readonly services: SchedulerServices;
  readonly started: StartedFunctions;
  /** What this node has asked control. */
  readonly nodeLink: NodeLink;
  readonly tell: (message: ToControl) => void;
  /** Closes the driver. */
  readonly close: () => void;
}

/** The one place where all that is said to a scheduler meets. */
export class SchedulerInbox {
  readonly #options: SchedulerInboxOptions;

  constructor(options: SchedulerInboxOptions) {
    this.#options = options;
  }

  /** Takes what control says from now on, beginning with what has come already. */
  open(control: ThreadPort): void {
    control.receive((message) => this.#receive(message as ToScheduler));
  }

  #receive(message: ToScheduler): void {
    const { nodeLink, partings, rooms, routes, scheduler, services, sessions, tell } =
      this.#options;
    switch (message.kind) {
      case "session_up":
        return sessions.up(message.session);
      case "session_over":
        return sessions.over(message.number, message.reason, message);
      case "unreachable":
        // A dial of ours came to nothing, and one of theirs did not: what waits leaves with that session.
        if (sessions.isComing(message.node)) return;
        return routes.unreachable(message.node);
      case "peer_functions":
        return nodeLink.learn(message.node, message.functions);
      case "service":
        return services.receive(message.service, message.message);
      case "query": {
        const { id, verb, args } = message;
        const { ok, value } = answerQuery(scheduler, scheduler.identities, verb, args);
        return tell({ kind: "answer", id, ok, value });
      }
      case "answer":
        return nodeLink.answer(message.id, message.ok, message.value);
      case "start":
        return this.#options.started.start(message.functionName, message.args);
      case "stop":
        return rooms.moveClients(() => this.#stopProcesses(message.reason));
      case "close":
        return this.#options.close();
      case "scheduler_gone":
        return this.#options.links.replace(message.scheduler, message.port, () =>
          this.#schedulerDown(message.scheduler),
        );
      case "lane_dial":
        return sessions.laneOf(message.number, message.lane)?.dial(message.address);
      case "tls_keys":
        return this.#options.world.transport.renew?.(message.keys);
      case "lane_reset":
        return sessions.laneOf(message.number, message.lane)?.reset();
      case "session_ending":
        return partings.ending(message.number);
      case "lane_last":
        return partings.last(message.number, message.lane, message.frame);
    }
  }

  #stopProcesses(reason: string): void {
    const { departures, links, scheduler, tell, world } = this.#options;
    const { clock } = world;
    links.stopping();
    scheduler.stop(reason);
    // What dying processes say goes out first: it is flushed with the slice that ends them.
    clock.afterIo(() =>
      clock.afterIo(() => {
        departures.flush();
        tell({ kind: "stopped" });
      }),
    );
  }

  #schedulerDown(gone: number): void {
    const { rooms, scheduler, tell } = this.#options;
    scheduler.schedulerDown(gone);
    rooms.schedulerDown(gone);
    tell({ kind: "scheduler_drained" });
  }
}

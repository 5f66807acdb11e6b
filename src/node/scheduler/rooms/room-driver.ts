/**
 * Drives rooms on one scheduler: joins the hub to lanes, ports and web servers, the table of members to the control thread,
 * and both to processes.
 */
import { ByteWriter } from "../../../base/bytes.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import type { Entropy } from "../../../port/entropy.ts";
import type { LogSink } from "../../../port/log.ts";
import type { WebHost } from "../../../port/web.ts";
import type { Rooms } from "../../../process/room-api.ts";
import type { Process } from "../../../process/process.ts";
import { RoomChange } from "../../../process/system-message.ts";
import { originText } from "../../../room/outgoing-message.ts";
import type { RoomCounts } from "../../../room/own-origin.ts";
import { ProcessRooms } from "../../../room/process-rooms.ts";
import { RoomHub } from "../../../room/room-hub.ts";
import { RoomMembers, type RoomDiff } from "../../../room/room-members.ts";
import { SERIAL_LIMIT } from "../../../term/pid.ts";
import type { Change } from "../../../wire/replica-message.ts";
import { decodeRoomFrame } from "../../../wire/room-message.ts";
import type { WireRoom } from "../../../wire/signals/wire-signal.ts";
import type { Origin, PortLink } from "../ports/port-link.ts";
import { RoomSites } from "./room-sites.ts";
import { RoomWays, type SessionSource } from "./room-ways.ts";
import type { RoomsToControl, RoomsToScheduler } from "../../../service/room-control.ts";
import type { Route } from "../routes.ts";
import type { SchedulerServiceMade } from "../scheduler-services.ts";
import type { SchedulerServiceWorld } from "../../../service/service.ts";
import type { SchedulerSetup } from "../../thread-message.ts";

/** Beats between two looks for old messages. */
const SWEEP_BEATS = 50;

export interface RoomDriverOptions {
  readonly setup: Pick<SchedulerSetup, "index" | "schedulers" | "node" | "creation">;
  readonly world: {
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly log: LogSink;
    readonly web?: WebHost;
  };
  /** The port to another scheduler of this node. */
  readonly link: (scheduler: number) => PortLink | undefined;
}

export class RoomDriver {
  readonly #options: RoomDriverOptions;
  readonly #hub: RoomHub;
  readonly #members: RoomMembers;
  readonly #ways: RoomWays;
  readonly #sites: RoomSites;
  readonly #watchers = new Map<string, Set<Process>>();
  /** Changes of own sockets since the last flush. */
  #changes: Change[] = [];
  #service: SchedulerServiceWorld | undefined;
  #beats = 0;

  constructor(options: RoomDriverOptions) {
    this.#options = options;
    const { setup, world, link } = options;
    const { index, schedulers, creation } = setup;
    const origin = originFrom(world.entropy);
    this.#ways = new RoomWays({
      link,
      reachable: (node, incarnation) => this.#hub.nodeUp(node, incarnation),
    });
    this.#hub = new RoomHub({
      ...{ index, schedulers, creation, origin },
      writer: new ByteWriter(),
      world: {
        now: () => world.clock.now(),
        nodes: () => this.#ways.nodes(),
        toNode: (node, to, body, control) => this.#ways.toNode(node, { to, body, control }),
        toScheduler: (scheduler, body, control) => this.#ways.toScheduler(scheduler, body, control),
        relay: (scheduler, body, source) =>
          this.#ways.relay(scheduler, body, source as SessionSource),
        toTopic: (room, isFramed, data) => this.#sites.toTopic(room, isFramed, data),
      },
    });
    this.#members = new RoomMembers({
      node: setup.node,
      tell: (change) => this.#tellChange(change),
      changed: (diff) => this.#changed(diff),
    });
    this.#sites = new RoomSites({
      ...{ index, schedulers, world },
      prefix: originText(origin),
      hub: this.#hub,
      book: this.#members,
    });
  }

  /** Makes it the service of its scheduler. */
  join(world: SchedulerServiceWorld): SchedulerServiceMade {
    this.#service = world;
    const [watchers, ways] = [this.#watchers, this.#ways];
    return {
      service: {
        receive: (message) => this.#fromControl(message as RoomsToScheduler),
        nodeUp: (node) => this.#ways.nodeUp(node),
        processEnded: (process) => this.#processEnded(process),
        get size(): number {
          return watchers.size + ways.holding;
        },
        close: () => this.#close(),
      },
      api: {
        rooms: (by): Rooms =>
          new ProcessRooms(by, {
            hub: this.#hub,
            book: this.#members,
            watch: (process, room, on) => this.#watch(process, room, on),
          }),
        web: this.#sites.service,
      },
    };
  }

  get counts(): RoomCounts {
    return this.#hub.counts;
  }

  /** What another scheduler says of rooms. `hop`: it came over the port of that one. @throws {DecodeError} */
  receive({ to, body }: WireRoom, session: Origin, hop: number | undefined): void {
    const isHere = session.number === 0;
    const source: SessionSource = {
      node: isHere ? undefined : session.node,
      creation: isHere ? this.#options.setup.creation : session.creation,
      hop,
      session,
    };
    this.#hub.receive(source, to, body, decodeRoomFrame(body));
  }

  routeAdded(route: Route): void {
    this.#ways.routeAdded(route);
  }

  routeRemoved(route: Route): void {
    this.#ways.routeRemoved(route);
  }

  /** `isOrderly`: all that it had sent is here. Also of a hidden node, which nobody is told of: it may have asked all the same. */
  nodeDown(node: string, isOrderly: boolean): void {
    this.#ways.nodeDown(node);
    this.#hub.nodeDown(node, isOrderly);
  }

  schedulerDown(scheduler: number): void {
    this.#hub.schedulerDown(scheduler);
  }

  lanesReady(): void {
    this.#hub.lanesReady();
  }

  beat(now: Millis): void {
    this.#hub.beat(now);
    if (++this.#beats % SWEEP_BEATS === 0) this.#hub.sweep(now);
    this.#sites.beat(now);
  }

  /** The node stops: clients are told to go to another one. `then` is called when they have, or after a while. */
  moveClients(then: () => void): void {
    this.#sites.move(then);
  }

  /** Sends on what changed in this slice. */
  flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.#service?.tell({ changes } satisfies RoomsToControl);
  }

  #processEnded(process: Process): void {
    for (const [room, watchers] of this.#watchers) {
      watchers.delete(process);
      if (watchers.size === 0) this.#watchers.delete(room);
    }
  }

  #close(): void {
    this.#sites.close();
    this.flush();
  }

  #tellChange(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length === 1) this.#service?.flushLater(this);
  }

  #fromControl(message: RoomsToScheduler): void {
    const { index, node } = this.#options.setup;
    if (message.kind === "cleared") return this.#members.clear(message.node);
    const isOwnNode = message.node === node;
    this.#members.apply(
      message.node,
      message.changes,
      (number) => isOwnNode && Math.floor(number / SERIAL_LIMIT) === index,
    );
  }

  #changed({ room, joined, left }: RoomDiff): void {
    for (const process of this.#watchers.get(room) ?? []) {
      process.deliver(new RoomChange(room, joined, left));
    }
    if (this.#hub.room(room) === undefined) return;
    const members = joined.map(({ socket, presence }) => ({ socket, presence }));
    const frame = { type: "presence", room, all: false, joined: members, left } as const;
    this.#sites.toWatchers(room, frame);
  }

  #watch(process: Process, room: string, on: boolean): void {
    const watchers = this.#watchers.get(room);
    if (!on) {
      watchers?.delete(process);
      if (watchers?.size === 0) this.#watchers.delete(room);
      return;
    }
    process.ownBonds().tracked = true;
    if (watchers === undefined) this.#watchers.set(room, new Set([process]));
    else watchers.add(process);
    process.deliver(new RoomChange(room, this.#members.members(room), []));
  }
}

/** 48 random bits that are not 0. */
function originFrom(entropy: Entropy): number {
  const bytes = entropy.bytes(6);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) || 1;
}

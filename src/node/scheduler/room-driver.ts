/**
 * Drives rooms on one scheduler: joins the hub to lanes, ports and web servers, the table of members to the control thread,
 * and both to processes.
 */
import { ByteWriter } from "../../base/bytes.ts";
import { LaneFullError, MisuseError } from "../../base/error.ts";
import {
  MOVE_JITTER_MS,
  MOVE_MS_MAX,
  SOCKET_BACKLOG_BYTES_MAX,
  SOCKET_IDLE_MS,
} from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { Clock } from "../../port/clock.ts";
import type { Entropy } from "../../port/entropy.ts";
import type { LogSink } from "../../port/log.ts";
import type { WebHost } from "../../port/web.ts";
import type { Rooms } from "../../process/room-api.ts";
import type { Process } from "../../process/process.ts";
import { RoomChange } from "../../process/system-message.ts";
import type { OpenSite, SiteHandler, SitePlan, WebService } from "../../process/web-host.ts";
import { originText } from "../../room/outgoing-message.ts";
import { messageOfClient } from "../../room/publishing.ts";
import { ProcessRooms } from "../../room/process-rooms.ts";
import type { RoomCounts } from "../../room/own-origin.ts";
import { RoomHub } from "../../room/room-hub.ts";
import { RoomMembers, type RoomDiff } from "../../room/room-members.ts";
import type { RoomSource } from "../../room/room-world.ts";
import { Site } from "../../room/site.ts";
import { SERIAL_LIMIT } from "../../term/pid.ts";
import type { NodeRef } from "../../term/node-ref.ts";
import type { Change } from "../../wire/replica-message.ts";
import { decodeRoomFrame } from "../../wire/room-message.ts";
import type { WireRoom } from "../../wire/wire-signal.ts";
import { HERE, type Origin, type PortLink } from "./port-link.ts";
import type { RoomsToControl, RoomsToScheduler } from "../../service/room-control.ts";
import type { Route } from "./routes.ts";
import type { SchedulerServiceMade } from "./scheduler-services.ts";
import type { SchedulerServiceWorld } from "../../service/service.ts";
import type { SchedulerSetup } from "../thread-message.ts";

/** Beats between two looks for old messages. */
const SWEEP_BEATS = 50;

export interface RoomDriverOptions {
  readonly setup: Pick<SchedulerSetup, "index" | "schedulers" | "node" | "creation">;
  readonly world: {
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly log: LogSink;
    readonly web: WebHost | undefined;
  };
  /** The port to another scheduler of this node. */
  readonly link: (scheduler: number) => PortLink | undefined;
}

/** A source with the session that it came in, for handing it on. */
interface SessionSource extends RoomSource {
  readonly session: Origin;
}

interface Held {
  readonly to: number;
  readonly body: Uint8Array;
  readonly control: boolean;
}

export class RoomDriver {
  readonly #options: RoomDriverOptions;
  readonly #hub: RoomHub;
  readonly #members: RoomMembers;
  readonly #sites = new Set<Site>();
  /** Nodes with a session, by name. */
  readonly #up = new Map<string, NodeRef>();
  readonly #routes = new Map<string, Route>();
  /** What is to be said to a node whose session another scheduler was told of first, until the lane is here or the session over. */
  readonly #held = new Map<string, Held[]>();
  readonly #watchers = new Map<string, Set<Process>>();
  /** Changes of own sockets since the last flush. */
  #changes: Change[] = [];
  #service: SchedulerServiceWorld | undefined;
  readonly #socketPrefix: string;
  #socketCount = 0;
  #beats = 0;
  #moved: (() => void) | undefined;
  #moveUntil: Millis = 0;

  constructor(options: RoomDriverOptions) {
    this.#options = options;
    const { setup, world } = options;
    const origin = originFrom(world.entropy);
    this.#socketPrefix = originText(origin);
    this.#hub = new RoomHub({
      index: setup.index,
      schedulers: setup.schedulers,
      creation: setup.creation,
      origin,
      writer: new ByteWriter(),
      world: {
        now: () => world.clock.now(),
        nodes: () => this.#up.keys(),
        toNode: (node, to, body, control) => this.#toNode(node, { to, body, control }),
        toScheduler: (scheduler, body, control) =>
          this.#toScheduler(scheduler, { to: 0, body, control }, HERE),
        relay: (scheduler, body, source) =>
          void this.#toScheduler(
            scheduler,
            { to: scheduler, body, control: true },
            (source as SessionSource).session,
          ),
        toTopic: (room, isFramed, data) => {
          for (const site of this.#sites) site.toTopic(room, isFramed, data);
        },
      },
    });
    this.#members = new RoomMembers({
      node: setup.node,
      tell: (change) => this.#tellChange(change),
      changed: (diff) => this.#changed(diff),
    });
  }

  /** Makes it the service of its scheduler. */
  join(world: SchedulerServiceWorld): SchedulerServiceMade {
    this.#service = world;
    const [watchers, held] = [this.#watchers, this.#held];
    return {
      service: {
        receive: (message) => this.#fromControl(message as RoomsToScheduler),
        nodeUp: (node) => this.#nodeUp(node),
        processEnded: (process) => this.#processEnded(process),
        get size(): number {
          return watchers.size + held.size;
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
        web: this.#webService(),
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
    this.#routes.set(route.node, route);
    this.#whenReachable(route.node);
  }

  routeRemoved(route: Route): void {
    if (this.#routes.get(route.node) === route) this.#routes.delete(route.node);
  }

  /** `isOrderly`: all that it had sent is here. */
  nodeDown(node: string, isOrderly: boolean): void {
    // Also of a hidden node, which nobody is told of: it may have asked all the same.
    this.#up.delete(node);
    this.#hub.nodeDown(node, isOrderly);
    this.#held.delete(node);
  }

  schedulerDown(scheduler: number): void {
    this.#hub.schedulerDown(scheduler);
  }

  lanesReady(): void {
    this.#hub.lanesReady();
  }

  beat(now: Millis): void {
    this.#hub.beat(now);
    for (const site of this.#sites) site.look(now);
    if (++this.#beats % SWEEP_BEATS === 0) this.#hub.sweep(now);
    if (this.#moved !== undefined && (this.#moving === 0 || now >= this.#moveUntil)) {
      const moved = this.#moved;
      this.#moved = undefined;
      moved();
    }
  }

  /** The node stops: clients are told to go to another one. `then` is called when they have, or after a while. */
  moveClients(then: () => void): void {
    for (const site of this.#sites) site.move(MOVE_JITTER_MS);
    if (this.#moving === 0) return then();
    this.#moved = then;
    this.#moveUntil = this.#options.world.clock.now() + MOVE_MS_MAX;
  }

  /** Sends on what changed in this slice. */
  flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.#service?.tell({ changes } satisfies RoomsToControl);
  }

  get #moving(): number {
    let count = 0;
    for (const site of this.#sites) count += site.moving;
    return count;
  }

  #nodeUp(node: NodeRef): void {
    this.#up.set(node.name, node);
    this.#whenReachable(node.name);
  }

  #processEnded(process: Process): void {
    for (const [room, watchers] of this.#watchers) {
      watchers.delete(process);
      if (watchers.size === 0) this.#watchers.delete(room);
    }
  }

  #close(): void {
    for (const site of [...this.#sites]) site.stop();
    this.flush();
  }

  /** Both the session and the lane are known, unless the node is hidden: then it asks, and is never asked. */
  #whenReachable(name: string): void {
    if (!this.#routes.has(name)) return;
    const held = this.#held.get(name) ?? [];
    this.#held.delete(name);
    for (const one of held) this.#toNode(name, one);
    const node = this.#up.get(name);
    if (node !== undefined) this.#hub.nodeUp(name, node.creation);
  }

  #toNode(node: string, { to, body, control }: Held): boolean {
    const route = this.#routes.get(node);
    if (route === undefined) {
      const held = this.#held.get(node) ?? [];
      this.#held.set(node, held);
      held.push({ to, body: new Uint8Array(body), control });
      return true;
    }
    return delivered(() =>
      route.signal({ kind: control ? "room_control" : "room", from: undefined, to, body }),
    );
  }

  #toScheduler(scheduler: number, { to, body, control }: Held, session: Origin): boolean {
    const link = this.#options.link(scheduler);
    const kind = control ? "room_control" : "room";
    return delivered(() => link?.signal({ kind, from: undefined, to, body }, session));
  }

  #webService(): WebService {
    const { setup, world } = this.#options;
    return {
      index: setup.index,
      schedulers: setup.schedulers,
      open: (plan, handler) => this.#open(plan, handler),
      clientSource: () => this.#web(world.web).clientSource(),
    };
  }

  #open(plan: SitePlan, handler: SiteHandler): OpenSite {
    const { setup, world } = this.#options;
    const web = this.#web(world.web);
    const site = new Site(plan, handler, {
      hub: this.#hub,
      book: this.#members,
      now: () => world.clock.now(),
      nextSocket: () => {
        const count = ++this.#socketCount;
        const id = `${this.#socketPrefix}.${count.toString(36)}`;
        return { id, number: setup.index * SERIAL_LIMIT + count };
      },
      publish: (room, form, payload, except) => {
        const { message, text } = messageOfClient(form, payload, except);
        this.#hub.publish(room, message, text);
      },
      closed: (closed) => void this.#sites.delete(closed),
      slowed: ({ id, address }) =>
        world.log.write("info", "a client does not keep up", { socket: id, address }),
    });
    const { host, port, isShared, tls } = plan;
    const server = web.listen(
      {
        host,
        port,
        isShared,
        tls,
        payloadBytes: site.limits.payloadBytes,
        backlogBytes: SOCKET_BACKLOG_BYTES_MAX,
        idleMs: SOCKET_IDLE_MS,
      },
      (request, address) => site.answer(request, address),
    );
    site.serve(server);
    this.#sites.add(site);
    return site;
  }

  /** @throws {MisuseError} not_running */
  #web(web: WebHost | undefined): WebHost {
    if (web === undefined) throw new MisuseError("not_running", "no web server here");
    return web;
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
    for (const site of this.#sites) site.toWatchers(room, frame);
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

/** False: the way is full, and nothing was sent. */
function delivered(send: () => void): boolean {
  try {
    send();
    return true;
  } catch (error) {
    if (!(error instanceof LaneFullError)) throw error;
    return false;
  }
}

/** 48 random bits that are not 0. */
function originFrom(entropy: Entropy): number {
  const bytes = entropy.bytes(6);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) || 1;
}

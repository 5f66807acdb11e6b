/** The sites that one scheduler serves: opens them on web ports, and moves their clients away before the node stops. */
import { MisuseError } from "../../../base/error.ts";
import {
  MOVE_JITTER_MS,
  MOVE_MS_MAX,
  SOCKET_BACKLOG_BYTES_MAX,
  SOCKET_IDLE_MS,
} from "../../../base/limits.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type { WebHost } from "../../../port/web.ts";
import type { OpenSite, SiteHandler, SitePlan, WebService } from "../../../process/web-host.ts";
import type { ToClient } from "../../../room/client-frame.ts";
import type { MemberBook } from "../../../room/member-book.ts";
import { messageOfClient } from "../../../room/publishing.ts";
import type { RoomHub } from "../../../room/room-hub.ts";
import { Site, type SiteWorld } from "../../../room/client/site.ts";
import { SERIAL_LIMIT } from "../../../term/pid.ts";

export interface RoomSitesOptions {
  readonly index: number;
  readonly schedulers: number;
  /** Text that no other scheduler's ids of sockets begin with. */
  readonly prefix: string;
  readonly hub: RoomHub;
  readonly book: MemberBook;
  readonly world: {
    readonly clock: Clock;
    readonly log: LogSink;
    /** Left out: there is no web server here. */
    readonly web?: WebHost;
  };
}

export class RoomSites {
  readonly #options: RoomSitesOptions;
  readonly #sites = new Set<Site>();
  #socketCount = 0;
  /** Called when the clients have moved. */
  #moved: (() => void) | undefined;
  #moveUntil: Millis = 0;

  constructor(options: RoomSitesOptions) {
    this.#options = options;
  }

  /** What behaviours see. */
  get service(): WebService {
    const { index, schedulers, world } = this.#options;
    return {
      index,
      schedulers,
      open: (plan, handler) => this.#open(plan, handler),
      clientSource: () => existing(world.web).clientSource(),
    };
  }

  toTopic(room: string, isFramed: boolean, data: string | Uint8Array): void {
    for (const site of this.#sites) site.toTopic(room, isFramed, data);
  }

  toWatchers(room: string, frame: ToClient): void {
    for (const site of this.#sites) site.toWatchers(room, frame);
  }

  /** `then` is called when the clients have gone to another node, or after a while. */
  move(then: () => void): void {
    for (const site of this.#sites) site.move(MOVE_JITTER_MS);
    if (this.#moving === 0) return then();
    this.#moved = then;
    this.#moveUntil = this.#options.world.clock.now() + MOVE_MS_MAX;
  }

  beat(now: Millis): void {
    for (const site of this.#sites) site.look(now);
    const moved = this.#moved;
    if (moved === undefined || (this.#moving > 0 && now < this.#moveUntil)) return;
    this.#moved = undefined;
    moved();
  }

  close(): void {
    for (const site of [...this.#sites]) site.stop();
  }

  get #moving(): number {
    let count = 0;
    for (const site of this.#sites) count += site.moving;
    return count;
  }

  #open(plan: SitePlan, handler: SiteHandler): OpenSite {
    const web = existing(this.#options.world.web);
    const site = new Site(plan, handler, this.#worldOfSite());
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

  #worldOfSite(): SiteWorld {
    const { index, prefix, hub, book, world } = this.#options;
    return {
      hub,
      book,
      now: () => world.clock.now(),
      nextSocket: () => {
        const count = ++this.#socketCount;
        return { id: `${prefix}.${count.toString(36)}`, number: index * SERIAL_LIMIT + count };
      },
      publish: (room, form, payload, except) => {
        const { message, text } = messageOfClient(form, payload, except);
        hub.publish(room, message, text);
      },
      closed: (closed) => void this.#sites.delete(closed),
      slowed: ({ id, address }) =>
        world.log.write("info", "a client does not keep up", { socket: id, address }),
    };
  }
}

/** @throws {MisuseError} not_running */
function existing(web: WebHost | undefined): WebHost {
  if (web === undefined) throw new MisuseError("not_running", "no web server here");
  return web;
}

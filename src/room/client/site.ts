/**
 * A site on one scheduler: who may connect, the sockets that are there, and what is wrong with them. No I/O: the web port
 * is handed in.
 */
import {
  SOCKET_PAYLOAD_BYTES_MAX,
  SOCKET_REQUESTS_BURST,
  SOCKET_REQUESTS_PER_SECOND,
  SOCKET_ROOMS_MAX,
  SOCKETS_MAX,
  SOCKETS_PER_ADDRESS_MAX,
} from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { WebAnswer, WebServer } from "../../port/web.ts";
import type { SlowPolicy, WebLimits } from "../../process/room-api.ts";
import type { OpenSite, SiteHandler, SitePlan } from "../../process/web-host.ts";
import { ROOMS_PROTOCOL, type ClientForm, type ToClient } from "../client-frame.ts";
import { ClientSocket, topicOf, watchTopicOf } from "./client-socket.ts";
import { CloseCode } from "./close-code.ts";
import type { MemberBook } from "../member-book.ts";
import type { RoomHub } from "../room-hub.ts";

/** Sockets that one look goes over. */
const LOOK_SOCKETS_MAX = 5_000;

/** What a site needs of its scheduler. */
export interface SiteWorld {
  readonly hub: RoomHub;
  readonly book: MemberBook;
  now(): Millis;
  /** A new socket's id, and the same as a number that is unique on this node. */
  nextSocket(): { readonly id: string; readonly number: number };
  publish(
    room: string,
    form: ClientForm,
    payload: string | Uint8Array,
    except: readonly string[],
  ): void;
  closed(site: Site): void;
  /** A client does not keep up. */
  slowed(socket: ClientSocket): void;
}

const refusal = (status: number, text: string): Response => new Response(`${text}\n`, { status });

export class Site implements OpenSite {
  readonly handler: SiteHandler;
  readonly slow: SlowPolicy;
  readonly limits: Required<WebLimits>;
  readonly #world: SiteWorld;
  readonly #origins: "*" | readonly string[];
  readonly #sockets = new Set<ClientSocket>();
  readonly #byAddress = new Map<string, number>();
  /** Sockets, and those whose client waits for the author's answer. */
  #taken = 0;
  #server: WebServer | undefined;
  #look: Iterator<ClientSocket> | undefined;
  #isMoving = false;

  constructor(plan: SitePlan, handler: SiteHandler, world: SiteWorld) {
    this.handler = handler;
    this.slow = plan.slow;
    this.#origins = plan.origins;
    this.#world = world;
    this.limits = {
      payloadBytes: SOCKET_PAYLOAD_BYTES_MAX,
      roomsPerSocket: SOCKET_ROOMS_MAX,
      requestsPerSecond: SOCKET_REQUESTS_PER_SECOND,
      requestsBurst: SOCKET_REQUESTS_BURST,
      socketsPerAddress: SOCKETS_PER_ADDRESS_MAX,
      sockets: SOCKETS_MAX,
      ...plan.limits,
    };
  }

  get hub(): RoomHub {
    return this.#world.hub;
  }

  get book(): MemberBook {
    return this.#world.book;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** The server that answers for it. */
  serve(server: WebServer): void {
    this.#server = server;
  }

  now(): Millis {
    return this.#world.now();
  }

  publish(
    room: string,
    form: ClientForm,
    payload: string | Uint8Array,
    except: readonly string[],
  ): void {
    this.#world.publish(room, form, payload, except);
  }

  toTopic(room: string, isFramed: boolean, data: string | Uint8Array): void {
    this.#server?.publish(topicOf(room, isFramed), data);
  }

  /** Tells those who watch the room. */
  toWatchers(room: string, frame: ToClient): void {
    this.#server?.publish(watchTopicOf(room), JSON.stringify(frame));
  }

  /** Tells one client who is in the room. */
  tellMembers(socket: ClientSocket, room: string): void {
    const joined = this.book
      .members(room)
      .map(({ socket: id, presence }) => ({ socket: id, presence }));
    socket.tell({ type: "presence", room, all: true, joined, left: [] });
  }

  slowed(socket: ClientSocket): void {
    this.#world.slowed(socket);
  }

  /** The answer to a request. */
  answer(request: Request, address: string): WebAnswer | Promise<WebAnswer> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return this.handler.request(request);
    }
    if (!this.handler.takesSockets) return refusal(404, "no WebSockets here");
    if (this.#isMoving) return refusal(503, "this node stops");
    if (!this.#isOriginAllowed(request)) return refusal(403, "not allowed from this origin");
    const { sockets, socketsPerAddress } = this.limits;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= socketsPerAddress) return refusal(429, "too many sockets from this address");
    if (this.#taken >= sockets) return refusal(503, "too many sockets");
    // Counted before the author is asked: his answer may take its time.
    this.#taken++;
    this.#byAddress.set(address, ofAddress + 1);
    const data = this.handler.connect(request);
    if (!(data instanceof Promise)) return this.#admit(request, address, data);
    return this.#admitLater(request, address, data);
  }

  forget(socket: ClientSocket): void {
    this.#sockets.delete(socket);
    this.#release(socket.address);
  }

  /** Looks at some of the sockets: at all of them in a second, however many there are. */
  look(now: Millis): void {
    const most = Math.min(LOOK_SOCKETS_MAX, this.#sockets.size);
    for (let count = 0; count < most; count++) {
      let next = this.#look?.next();
      if (next === undefined || next.done === true) {
        this.#look = this.#sockets.values();
        next = this.#look.next();
      }
      if (next.done === true) return;
      next.value.look(now);
    }
  }

  /** The node stops: clients of rooms are sent away, new ones are refused. */
  move(withinMs: Millis): void {
    this.#isMoving = true;
    this.#server?.refuse();
    for (const socket of this.#sockets) socket.tell({ type: "move", withinMs });
  }

  /** Sockets that have been told to move and are still here. */
  get moving(): number {
    let count = 0;
    for (const socket of this.#sockets) if (socket.isFramed) count++;
    return count;
  }

  stop(): void {
    this.#isMoving = true;
    for (const socket of [...this.#sockets]) socket.close(CloseCode.GOING_AWAY, "the site stops");
    this.#server?.stop();
    // What the server does not report any more has ended all the same.
    for (const socket of [...this.#sockets]) socket.closed(CloseCode.GOING_AWAY, "the site stops");
    this.#world.closed(this);
  }

  /** A client that goes away before the author has answered gives its place back then: the answer may never come. */
  async #admitLater(request: Request, address: string, data: Promise<unknown>): Promise<WebAnswer> {
    const { signal } = request;
    const gone = (): void => this.#release(address);
    signal.addEventListener("abort", gone, { once: true });
    const later = await data;
    if (signal.aborted) return refusal(408, "too late");
    signal.removeEventListener("abort", gone);
    return this.#admit(request, address, later);
  }

  #admit(request: Request, address: string, data: unknown): WebAnswer {
    const refused = this.#refused(data);
    if (refused !== undefined) {
      this.#release(address);
      return refused;
    }
    const offered = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
    const isFramed = offered.some((protocol) => protocol.trim() === ROOMS_PROTOCOL);
    const { id, number } = this.#world.nextSocket();
    const now = this.#world.now();
    const socket = new ClientSocket({ site: this, id, number, address, data, isFramed, now });
    this.#sockets.add(socket);
    return { upgrade: socket, protocol: isFramed ? ROOMS_PROTOCOL : undefined };
  }

  #refused(data: unknown): Response | undefined {
    if (data instanceof Response) return data;
    if (data === false) return refusal(403, "not allowed");
    // Since it was asked.
    return this.#isMoving ? refusal(503, "this node stops") : undefined;
  }

  #release(address: string): void {
    this.#taken--;
    const count = (this.#byAddress.get(address) ?? 1) - 1;
    if (count <= 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
  }

  /** Browsers say which page opens a socket; a page of this site is always allowed. */
  #isOriginAllowed(request: Request): boolean {
    const origin = request.headers.get("origin");
    if (origin === null || this.#origins === "*" || this.#origins.includes(origin)) return true;
    const host = request.headers.get("host");
    return host !== null && origin.replace(/^https?:\/\//, "") === host;
  }
}

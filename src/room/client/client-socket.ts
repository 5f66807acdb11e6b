/**
 * One WebSocket of a site: a seat in rooms, and what the author holds as a `Socket`. A client that chose the subprotocol of
 * rooms introduces itself first, and may then join and publish as far as the author allows; any other client speaks the
 * application's own protocol, and is put into rooms by the application alone.
 *
 *     upgraded ──opened──► (client of rooms: awaiting hello ──►) open ──closed──► closed
 */
import { MisuseError } from "../../base/error.ts";
import {
  PRESENCE_BYTES_MAX,
  SOCKET_HELLO_MS,
  SOCKET_REFUSALS_MAX,
  SOCKET_SLOW_BYTES,
} from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { WebSocketEnd, WebSocketHandler } from "../../port/web.ts";
import type { JoinOptions, Socket, SocketId } from "../../process/room-api.ts";
import { binaryFrame, directHead, type ToClient } from "../client-frame.ts";
import { ClientRequests } from "./client-requests.ts";
import { CloseCode } from "./close-code.ts";
import type { Resumption } from "./client-request.ts";
import type { Seat } from "../following/local-room.ts";
import type { OutgoingMessage } from "../outgoing-message.ts";
import { RequestBudget } from "./request-budget.ts";
import { isPresence } from "./presence.ts";
import { roomName } from "../room-name.ts";
import type { Site } from "./site.ts";

/** What a socket has of each room that it is in. */
interface Place {
  presence: unknown;
  /** It wants to be told of the other members. */
  watches: boolean;
  /** Those who wait until it is in; told as well when it leaves before that. */
  readonly joining: Set<() => void>;
}

export const topicOf = (room: string, isFramed: boolean): string =>
  isFramed ? `f ${room}` : `r ${room}`;

export const watchTopicOf = (room: string): string => `w ${room}`;

export class ClientSocket implements Seat, Socket, WebSocketHandler {
  readonly id: SocketId;
  /** The id as a number, unique on this node. */
  readonly number: number;
  readonly address: string;
  readonly data: unknown;
  readonly isFramed: boolean;
  /** What the client said of its connections before this one. */
  resumption: Resumption | undefined;
  readonly budget: RequestBudget;
  readonly #site: Site;
  readonly #openedAt: Millis;
  readonly #requests: ClientRequests;
  readonly #places = new Map<string, Place>();
  #end: WebSocketEnd | undefined;
  #isClosed = false;
  /** More waits for it than it may have on the fast path. */
  #isSlow = false;
  /** It is being closed and does not read: it ends at the next look. */
  #isDying = false;
  /** The author knows of it. */
  #isAnnounced = false;
  #refusals = 0;

  constructor(options: {
    readonly site: Site;
    readonly id: SocketId;
    readonly number: number;
    readonly address: string;
    readonly data: unknown;
    readonly isFramed: boolean;
    readonly now: Millis;
  }) {
    const { site, now } = options;
    this.#site = site;
    this.id = options.id;
    this.number = options.number;
    this.address = options.address;
    this.data = options.data;
    this.isFramed = options.isFramed;
    this.#openedAt = now;
    const { requestsPerSecond, requestsBurst } = site.limits;
    this.budget = new RequestBudget(requestsPerSecond, requestsBurst, now);
    this.#requests = new ClientRequests(this, site);
  }

  get rooms(): readonly string[] {
    return [...this.#places.keys()];
  }

  get isOpen(): boolean {
    return this.#end !== undefined && !this.#isClosed;
  }

  isIn(room: string): boolean {
    return this.#places.has(room);
  }

  join(given: string | { readonly name: string }, options: JoinOptions = {}): Promise<void> {
    const { presence } = options;
    if (!isPresence(presence)) {
      const text = `presence: expected JSON of at most ${PRESENCE_BYTES_MAX} bytes`;
      return Promise.reject(new MisuseError("bad_argument", text));
    }
    return this.enterRoom(roomName(given), presence, false);
  }

  /** As `join`, for whoever has the name; `watches`: it is told of the other members. */
  enterRoom(room: string, presence: unknown, watches: boolean): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    const place = this.#places.get(room);
    const { roomsPerSocket } = this.#site.limits;
    if (place === undefined && this.#places.size >= roomsPerSocket) {
      const text = `socket ${this.id} is in ${roomsPerSocket} rooms, which is the limit`;
      return Promise.reject(new MisuseError("bad_argument", text));
    }
    const joining = place?.joining ?? new Set();
    this.#places.set(room, { presence, watches: watches || place?.watches === true, joining });
    if (watches && place?.watches !== true) this.#end?.subscribe(watchTopicOf(room));
    const resumed = this.resumption?.rooms.get(room);
    this.resumption?.rooms.delete(room);
    this.#site.book.enter(room, this, presence);
    return new Promise((resolve) => {
      joining.add(resolve);
      this.#site.hub.join({
        seat: this,
        room,
        resumed,
        was: this.resumption?.was ?? [],
        joined: (local) => {
          if (this.isFramed) this.tell({ type: "joined", room, cursor: local.clientCursor() });
          if (watches) this.#site.tellMembers(this, room);
          joining.delete(resolve);
          resolve();
        },
      });
    });
  }

  leave(given: string | { readonly name: string }): void {
    const room = roomName(given);
    const place = this.#places.get(room);
    if (place === undefined) return;
    this.#places.delete(room);
    this.#site.hub.leave(this, room);
    this.#site.book.leave(room, this);
    if (place.watches) this.#end?.unsubscribe(watchTopicOf(room));
    if (this.isFramed) this.tell({ type: "left", room });
    for (const left of place.joining) left();
  }

  /** Shows something else of itself. */
  show(room: string, presence: unknown): void {
    const place = this.#places.get(room);
    if (place === undefined) return;
    place.presence = presence;
    this.#site.book.enter(room, this, presence);
  }

  send(data: unknown): boolean {
    const end = this.#end;
    if (end === undefined || this.#isClosed) return false;
    if (data instanceof Uint8Array) {
      return end.send(this.isFramed ? binaryFrame(directHead("b"), data) : data);
    }
    if (typeof data === "string") return end.send(this.isFramed ? directHead("t") + data : data);
    const text = JSON.stringify(data);
    return end.send(this.isFramed ? directHead("j") + text : text);
  }

  close(code: number = CloseCode.NORMAL, reason = ""): void {
    if (this.#isClosed) return;
    this.#end?.close(code, reason);
  }

  /** Closes one that does not read. */
  cut(reason: string): void {
    this.#isDying = true;
    this.#end?.close(CloseCode.TRY_LATER, reason);
  }

  enter(room: string): void {
    if (!this.#isClosed) this.#end?.subscribe(topicOf(room, this.isFramed));
  }

  exit(room: string): void {
    if (!this.#isClosed) this.#end?.unsubscribe(topicOf(room, this.isFramed));
  }

  deliver(message: OutgoingMessage): void {
    if (!this.#isClosed) this.#end?.send(this.isFramed ? message.framed : message.raw);
  }

  tell(frame: ToClient): void {
    if (this.isFramed && !this.#isClosed) this.#end?.send(JSON.stringify(frame));
  }

  /** A request is not done; a client that goes on and on asking is closed. */
  refuse(request: string, room: string, reason: string, id?: number): void {
    this.tell({ type: "refused", request, room, reason, ...(id !== undefined && { id }) });
    if (reason !== "rate") return;
    this.#refusals++;
    if (this.#refusals > SOCKET_REFUSALS_MAX) this.close(CloseCode.POLICY, "too many requests");
  }

  /** Something that it asked for was within its rate. */
  allowed(): void {
    if (this.#refusals > 0) this.#refusals--;
  }

  opened(end: WebSocketEnd): void {
    this.#end = end;
    if (!this.isFramed) this.announce();
  }

  /** The author hears of it. */
  announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#site.handler.opened(this);
  }

  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  message(data: string | Uint8Array): void {
    this.#requests.handle(data);
  }

  drained(): void {
    if (!this.#isSlow || this.#isClosed) return;
    if ((this.#end?.bufferedBytes ?? 0) > SOCKET_SLOW_BYTES / 2) return;
    this.#isSlow = false;
    this.#site.hub.unstick(this, this.#places.keys(), this.#site.slow === "latest");
  }

  closed(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const [room, { joining }] of this.#places) {
      this.#site.hub.leave(this, room);
      this.#site.book.leave(room, this);
      for (const left of joining) left();
    }
    this.#places.clear();
    this.#site.forget(this);
    if (this.#isAnnounced) this.#site.handler.closed(this, code, reason);
  }

  /** A few times a second: is it slow, or has it not said who it is? */
  look(now: Millis): void {
    const end = this.#end;
    if (end === undefined || this.#isClosed) return;
    if (this.#isDying) return end.terminate();
    if (this.isFramed && !this.#isAnnounced && now - this.#openedAt > SOCKET_HELLO_MS) {
      this.close(CloseCode.PROTOCOL, "no hello");
      return;
    }
    if (this.#isSlow) return this.#lookSlow();
    if (end.bufferedBytes <= SOCKET_SLOW_BYTES) return;
    this.#isSlow = true;
    this.#site.slowed(this);
    if (!this.isFramed || this.#site.slow === "close") this.cut("too slow");
    else this.#site.hub.stick(this, this.#places.keys());
  }

  /** Has it drained? If not: rooms that it came into meanwhile are to wait as well. */
  #lookSlow(): void {
    this.drained();
    if (this.#isSlow) this.#site.hub.stick(this, this.#places.keys());
  }

  terminate(): void {
    this.#end?.terminate();
  }
}

/**
 * What one client asks for, one after the other: a request whose permission is looked up somewhere holds up those behind
 * it, so that what a client publishes keeps its order.
 */
import {
  ROOM_MESSAGE_BYTES_MAX,
  SOCKET_WAITING_BYTES_MAX,
  SOCKET_WAITING_MAX,
} from "../../base/limits.ts";
import type { Verdict } from "../../process/web-host.ts";
import { readPublish, type ClientPublish } from "../client-frame.ts";
import { parseRequest, type ClientRequest } from "./client-request.ts";
import type { ClientSocket } from "./client-socket.ts";
import { CloseCode } from "./close-code.ts";
import { isPresence } from "./presence.ts";
import { isRoomName } from "../room-name.ts";
import type { Site } from "./site.ts";

interface Waiting {
  readonly step: () => Promise<void> | undefined | void;
  /** Of its payload. */
  readonly bytes: number;
}

export class ClientRequests {
  readonly #socket: ClientSocket;
  readonly #site: Site;
  /** Requests behind the one that waits; undefined: none does. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;

  constructor(socket: ClientSocket, site: Site) {
    this.#socket = socket;
    this.#site = site;
  }

  /** Takes what came on the socket. */
  handle(data: string | Uint8Array): void {
    const socket = this.#socket;
    if (!socket.isFramed) return this.#direct(data);
    if (typeof data === "string" && data.startsWith("{")) {
      const request = parseRequest(data);
      if (request === undefined) return this.#broken("a request that cannot be read");
      return this.#request(request);
    }
    if (!socket.isAnnounced) return this.#broken("expected hello first");
    const publish = readPublish(data);
    if (publish === undefined) return this.#broken("a frame that cannot be read");
    if (publish.room === undefined) return this.#direct(publish.payload);
    if (!this.#spend("publish", publish.room, publish.id)) return;
    if (!isRoomName(publish.room)) return this.#broken("not a room's name");
    this.#publish(publish, publish.room);
  }

  #request(request: ClientRequest): void {
    const socket = this.#socket;
    if (request.type === "ping") return socket.tell({ type: "pong" });
    if (request.type === "hello") {
      if (socket.isAnnounced) return this.#broken("a second hello");
      socket.resumption = request.resumption;
      socket.tell({ type: "welcome", socket: socket.id });
      return socket.announce();
    }
    if (!socket.isAnnounced) return this.#broken("expected hello first");
    const { room, type } = request;
    if (!isRoomName(room)) return this.#broken("not a room's name");
    if (!this.#spend(type, room)) return;
    if (type !== "leave" && !isPresence(request.presence)) {
      return socket.refuse(type, room, "too_large");
    }
    if (type === "leave") return this.#inTurn(() => socket.leave(room));
    if (type === "presence") return this.#inTurn(() => socket.show(room, request.presence));
    const { roomsPerSocket } = this.#site.limits;
    this.#whenAllowed(
      "join",
      room,
      () => this.#site.handler.mayJoin(socket, room),
      () => {
        if (!socket.isIn(room) && socket.rooms.length >= roomsPerSocket) {
          return socket.refuse("join", room, "too_many_rooms");
        }
        void socket.enterRoom(room, request.presence, request.watch === true);
      },
    );
  }

  #publish({ form, payload, id, echo }: ClientPublish, room: string): void {
    const socket = this.#socket;
    if (payload.length > ROOM_MESSAGE_BYTES_MAX) {
      return socket.refuse("publish", room, "too_large", id);
    }
    let data: unknown = payload;
    if (form === "j") {
      try {
        data = JSON.parse(payload as string);
      } catch {
        return socket.refuse("publish", room, "bad_request", id);
      }
    }
    // The frame's memory is not ours; a permission that is looked up outlasts it.
    const kept = typeof payload === "string" ? payload : new Uint8Array(payload);
    if (form === "b") data = kept;
    this.#whenAllowed(
      "publish",
      room,
      () => this.#site.handler.mayPublish(socket, room, data),
      () => {
        this.#site.publish(room, form, kept, echo ? [] : [socket.id]);
        if (id > 0) socket.tell({ type: "published", id });
      },
      { id, bytes: kept.length },
    );
  }

  /** A message for the application. */
  #direct(data: string | Uint8Array): void {
    if (!this.#spend("send", "")) return;
    const { handler } = this.#site;
    if (this.#waiting === undefined) return handler.message(this.#socket, data);
    const kept = typeof data === "string" ? data : new Uint8Array(data);
    this.#inTurn(() => handler.message(this.#socket, kept), kept.length);
  }

  #whenAllowed(
    request: string,
    room: string,
    may: () => Verdict,
    then: () => void,
    { id, bytes }: { readonly id?: number; readonly bytes: number } = { bytes: 0 },
  ): void {
    const socket = this.#socket;
    const decide = (isAllowed: boolean): void => {
      if (!socket.isOpen) return;
      if (isAllowed) then();
      else socket.refuse(request, room, "not_allowed", id);
    };
    this.#inTurn(() => {
      const verdict = may();
      if (verdict instanceof Promise) return verdict.then(decide);
      decide(verdict);
    }, bytes);
  }

  #inTurn(step: Waiting["step"], bytes = 0): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#await(step());
      return;
    }
    if (
      waiting.length >= SOCKET_WAITING_MAX ||
      this.#waitingBytes + bytes > SOCKET_WAITING_BYTES_MAX
    ) {
      this.#socket.close(CloseCode.POLICY, "too much waits for a permission");
      return;
    }
    this.#waitingBytes += bytes;
    waiting.push({ step, bytes });
  }

  /** False: nothing is to be waited for. */
  #await(pending: Promise<void> | undefined | void): boolean {
    if (pending === undefined) return false;
    this.#waiting ??= [];
    pending.then(
      () => this.#next(),
      () => this.#next(),
    );
    return true;
  }

  #next(): void {
    // Of a socket that is no more nobody asks the author anything.
    while (this.#socket.isOpen) {
      const next = this.#waiting?.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.bytes;
      if (this.#await(next.step())) return;
    }
    this.#waiting = undefined;
    this.#waitingBytes = 0;
  }

  #spend(request: string, room: string, id?: number): boolean {
    const socket = this.#socket;
    if (socket.budget.spend(this.#site.now())) {
      socket.allowed();
      return true;
    }
    socket.refuse(request, room, "rate", id);
    return false;
  }

  #broken(reason: string): void {
    this.#socket.close(CloseCode.PROTOCOL, reason);
  }
}

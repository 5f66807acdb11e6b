/**
 * A client of rooms: one WebSocket at a time to one of several nodes, and again to the next one when it is lost. What was
 * published meanwhile is asked for by number, so that a room's messages come once each and in order, or a gap is told.
 *
 *     connecting ──welcome──► open ──lost, silent, or told to move──► waiting ──► connecting      any ──close()──► closed
 */
import {
  binaryFrame,
  directHead,
  publishHead,
  readMessage,
  ROOMS_PROTOCOL,
  type ToClient,
  type ToServer,
} from "../room/client-frame.ts";
import { ClientRoom, type RoomJoin, type RoomOwner } from "./client-room.ts";

export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

export interface RoomClientOptions {
  /** Milliseconds of the first pause; it doubles up to `pauseMsMax`, and each is cut to a random part of itself. */
  readonly pauseMs?: number;
  readonly pauseMsMax?: number;
  /** Milliseconds of silence after which the node is asked for a sign of life. Twice that: the connection is given up. */
  readonly heartbeatMs?: number;
  /** Milliseconds until a connection must stand. */
  readonly connectMs?: number;
  /** Which of the urls to begin with, from 0. Default: any, so that clients spread over the nodes. */
  readonly first?: number;
  /** Called when the state changes; `url` is the node that it is about. */
  readonly state?: (state: ConnectionState, url: string) => void;
  /** A message of the application to this client alone. */
  readonly message?: (data: unknown) => void;
  /** Called for rooms that the site put this client into. */
  readonly given?: (room: string) => RoomJoin<unknown>;
}

interface Publishing {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Publishes that wait for a connection. */
const QUEUE_MAX = 1_000;

/** Ids of earlier sockets that are told, so that a client does not get what was not meant for it. */
const WAS_MAX = 8;

const PAUSE_MS = 250;
const PAUSE_MS_MAX = 10_000;
const HEARTBEAT_MS = 15_000;
const CONNECT_MS = 8_000;

export class RoomClient implements RoomOwner {
  readonly #urls: readonly string[];
  readonly #options: RoomClientOptions;
  readonly #rooms = new Map<string, ClientRoom>();
  readonly #publishing = new Map<number, Publishing>();
  /** What is to be sent once a connection stands. */
  #queue: { readonly id: number; readonly frame: string | Uint8Array }[] = [];
  #socket: WebSocket | undefined;
  #state: ConnectionState = "connecting";
  #place: number;
  /** Failures since the last welcome. */
  #failures = 0;
  #was: string[] = [];
  #nextId = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #heardAt = 0;

  constructor(urls: string | readonly string[], options: RoomClientOptions = {}) {
    this.#urls = typeof urls === "string" ? [urls] : [...urls];
    if (this.#urls.length === 0) throw new Error("connect wants at least one url");
    this.#options = options;
    // Clients that start at once do not all begin with the same node.
    this.#place = options.first ?? Math.floor(Math.random() * this.#urls.length);
    this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The node that it is connected to, or tries. */
  get url(): string {
    return this.#urls[this.#place]!;
  }

  /** This client's present socket, as others see it; undefined until it was welcome. */
  get id(): string | undefined {
    return this.#was.at(-1);
  }

  /** Joins a room for as long as this client lives, over all its connections. One room has one set of handlers. */
  join<E = unknown>(name: string, join: RoomJoin<E> = {}): ClientRoom<E> {
    const room = new ClientRoom<E>(name, this, { join, isGiven: false });
    this.#rooms.set(name, room as unknown as ClientRoom);
    if (this.#state === "open") room.joinAgain();
    return room;
  }

  /** To the application. False: there is no connection. */
  send(data: unknown): boolean {
    if (this.#state !== "open") return false;
    if (data instanceof Uint8Array) this.#socket?.send(binaryFrame(directHead("b"), data));
    else if (typeof data === "string") this.#socket?.send(directHead("t") + data);
    else this.#socket?.send(directHead("j") + JSON.stringify(data));
    return true;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#drop();
    this.#enter("closed");
    clearTimeout(this.#timer);
    this.#fail(new Error("the client was closed"));
    for (const { id } of this.#queue) this.#settle(id, new Error("the client was closed"));
    this.#queue = [];
  }

  tell(request: ToServer): void {
    if (this.#state === "open") this.#socket?.send(JSON.stringify(request));
  }

  publish(room: string, event: unknown, echo: boolean): Promise<void> {
    const id = this.#nextId++;
    const frame =
      event instanceof Uint8Array
        ? binaryFrame(publishHead(id, echo, "b", room), event)
        : typeof event === "string"
          ? publishHead(id, echo, "t", room) + event
          : publishHead(id, echo, "j", room) + JSON.stringify(event);
    if (this.#state === "closed") return Promise.reject(new Error("the client was closed"));
    if (this.#state !== "open" && this.#queue.length >= QUEUE_MAX) {
      return Promise.reject(new Error(`${QUEUE_MAX} messages wait for a connection`));
    }
    return new Promise((resolve, reject) => {
      this.#publishing.set(id, { resolve, reject });
      if (this.#state === "open") this.#socket?.send(frame as string);
      else this.#queue.push({ id, frame });
    });
  }

  forget(room: string): void {
    this.#rooms.delete(room);
  }

  now(): number {
    return performance.now();
  }

  #connect(): void {
    this.#enter("connecting");
    const socket = new WebSocket(this.url, [ROOMS_PROTOCOL]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardAt = this.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(socket), this.#options.connectMs ?? CONNECT_MS);
    socket.addEventListener("open", () => this.#hello(socket));
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#received(data as string | ArrayBuffer);
    });
    socket.addEventListener("close", () => this.#lost(socket));
    // `close` follows, and says as much.
    socket.addEventListener("error", () => undefined);
  }

  #hello(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    const rooms: Record<string, NonNullable<ReturnType<ClientRoom["resumed"]>>> = {};
    for (const [name, room] of this.#rooms) {
      const resumed = room.resumed();
      if (resumed !== undefined) rooms[name] = resumed;
    }
    const hello: ToServer = { type: "hello", was: this.#was, rooms };
    socket.send(JSON.stringify(hello));
  }

  #received(data: string | ArrayBuffer): void {
    this.#heardAt = this.now();
    const frame = typeof data === "string" ? data : new Uint8Array(data);
    const message = readMessage(frame);
    if (message === undefined) {
      if (typeof frame === "string") this.#told(JSON.parse(frame) as ToClient);
      return;
    }
    if (message.room !== undefined) return this.#roomOf(message.room).take(message);
    const { form, payload } = message;
    this.#options.message?.(form === "j" ? JSON.parse(payload as string) : payload);
  }

  #told(frame: ToClient): void {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame.socket);
      case "published":
        return this.#settle(frame.id, undefined);
      case "move":
        return this.#move(frame.withinMs);
      case "pong":
        return;
      case "refused":
        if (frame.id !== undefined) this.#settle(frame.id, new Error(frame.reason));
        this.#rooms.get(frame.room)?.told(frame);
        return;
      default:
        return this.#roomOf(frame.room).told(frame);
    }
  }

  #welcome(socket: string): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#was = [...this.#was, socket].slice(-WAS_MAX);
    this.#enter("open");
    for (const room of this.#rooms.values()) room.joinAgain();
    const queue = this.#queue;
    this.#queue = [];
    for (const { frame } of queue) this.#socket?.send(frame as string);
    const { heartbeatMs = HEARTBEAT_MS } = this.#options;
    this.#beat = setInterval(() => this.#checkLife(heartbeatMs), heartbeatMs);
  }

  #checkLife(heartbeatMs: number): void {
    const silentMs = this.now() - this.#heardAt;
    if (silentMs >= 2 * heartbeatMs && this.#socket !== undefined) this.#lost(this.#socket);
    else if (silentMs >= heartbeatMs / 2) this.tell({ type: "ping" });
  }

  /** The room that a frame is about; one that the site has put this client into is made here. */
  #roomOf(name: string): ClientRoom {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const join = this.#options.given?.(name) ?? {};
    const room = new ClientRoom(name, this, { join, isGiven: true });
    this.#rooms.set(name, room);
    return room;
  }

  /** Its node stops: to another one, at a moment of its own, so that they do not all come there at once. */
  #move(withinMs: number): void {
    const socket = this.#socket;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#socket !== socket) return;
      this.#drop();
      this.#fail(new Error("the connection was lost: nobody knows whether it was published"));
      this.#place = (this.#place + 1) % this.#urls.length;
      this.#connect();
    }, Math.random() * withinMs);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket || this.#state === "closed") return;
    this.#drop();
    this.#fail(new Error("the connection was lost: nobody knows whether it was published"));
    this.#place = (this.#place + 1) % this.#urls.length;
    this.#enter("waiting");
    const { pauseMs = PAUSE_MS, pauseMsMax = PAUSE_MS_MAX } = this.#options;
    const pause = Math.min(pauseMs * 2 ** this.#failures, pauseMsMax);
    this.#failures++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), Math.random() * pause);
  }

  #drop(): void {
    clearInterval(this.#beat);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const room of this.#rooms.values()) room.disconnected();
  }

  /** Everything that was sent and not answered. */
  #fail(error: Error): void {
    const queued = new Set(this.#queue.map(({ id }) => id));
    for (const id of [...this.#publishing.keys()]) if (!queued.has(id)) this.#settle(id, error);
  }

  #settle(id: number, error: Error | undefined): void {
    const publishing = this.#publishing.get(id);
    this.#publishing.delete(id);
    if (error === undefined) publishing?.resolve();
    else publishing?.reject(error);
  }

  #enter(state: ConnectionState): void {
    if (this.#state === state && state !== "connecting") return;
    this.#state = state;
    this.#options.state?.(state, this.url);
  }
}

/** Connects to one of several nodes, and stays connected. */
export const connect = (
  urls: string | readonly string[],
  options?: RoomClientOptions,
): RoomClient => new RoomClient(urls, options);

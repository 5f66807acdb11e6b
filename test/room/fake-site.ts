/** A site of a hub without a web server, and the far ends of its sockets. */
import type { SiteHandler } from "../../src/process/web-host.ts";
import type { WebLimits } from "../../src/process/room-api.ts";
import type { WebSocketEnd, WebSocketHandler } from "../../src/port/web.ts";
import { ROOMS_PROTOCOL, type ToClient, type ToServer } from "../../src/room/client-frame.ts";
import type { ClientSocket } from "../../src/room/client/client-socket.ts";
import type { MemberBook } from "../../src/room/member-book.ts";
import { Site } from "../../src/room/client/site.ts";
import type { TestHub } from "./rooms-world.ts";

export const nobody: MemberBook = { enter() {}, leave() {}, members: () => [], count: () => 0 };

/** Lets in everybody, and everything. */
export const openHandler: SiteHandler = {
  request: () => new Response(),
  takesSockets: true,
  connect: () => undefined,
  opened() {},
  message() {},
  closed() {},
  mayJoin: () => true,
  mayPublish: () => true,
};

/** A browser's end: which topics it is in, how much waits for it, and what it was told. */
export class FakeEnd implements WebSocketEnd {
  readonly address = "";
  bufferedBytes = 0;
  readonly topics = new Set<string>();
  readonly told: (ToClient | string)[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #handler: WebSocketHandler;

  constructor(handler: WebSocketHandler) {
    this.#handler = handler;
  }

  send(data: string | Uint8Array): boolean {
    if (this.closed !== undefined) return false;
    const text = String(data);
    this.told.push(text.startsWith("{") ? (JSON.parse(text) as ToClient) : text);
    return true;
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  publish(): void {}

  /** As the server does it: the handler hears of it at once. */
  close(code: number, reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = { code, reason };
    this.#handler.closed(code, reason);
  }

  terminate(): void {
    this.close(1006, "");
  }

  says(request: ToServer | string): void {
    this.#handler.message(typeof request === "string" ? request : JSON.stringify(request));
  }
}

/** What was published: room and payload. */
export type Published = readonly [room: string, payload: string];

export class FakeSite {
  readonly site: Site;
  readonly published: Published[] = [];
  #count = 0;

  constructor(at: TestHub, handler: SiteHandler = openHandler, limits: WebLimits = {}) {
    const plan = { host: "", port: 0, isShared: false, tls: undefined, slow: "drop" } as const;
    this.site = new Site({ ...plan, limits, origins: [] }, handler, {
      hub: at.hub,
      book: nobody,
      now: () => at.node.world.now,
      nextSocket: () => ({ id: `x.${++this.#count}`, number: this.#count }),
      publish: (room, _form, payload) => void this.published.push([room, String(payload)]),
      closed() {},
      slowed() {},
    });
  }

  request(signal?: AbortSignal, protocol: string = ROOMS_PROTOCOL): Request {
    const headers = new Headers({ upgrade: "websocket" });
    if (protocol !== "") headers.set("sec-websocket-protocol", protocol);
    return new Request("http://site.example/", { headers, ...(signal && { signal }) });
  }

  /** A client of rooms that has been let in at once, before its hello; `protocol` "": one that speaks no protocol of ours. */
  connect(protocol: string = ROOMS_PROTOCOL): {
    readonly socket: ClientSocket;
    readonly end: FakeEnd;
  } {
    const answer = this.site.answer(this.request(undefined, protocol), "10.0.0.1");
    if (answer instanceof Promise || answer instanceof Response) throw new Error("not let in");
    const socket = answer.upgrade as ClientSocket;
    const end = new FakeEnd(socket);
    socket.opened(end);
    return { socket, end };
  }

  /** The same that has introduced itself. */
  enter(): { readonly socket: ClientSocket; readonly end: FakeEnd } {
    const client = this.connect();
    client.end.says({ type: "hello", was: [], rooms: {} });
    client.end.told.length = 0;
    return client;
  }
}

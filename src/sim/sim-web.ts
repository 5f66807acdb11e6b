/** Web servers of a simulated node: no HTTP, but sockets whose frames take a moment, and that are lost with their thread. */
import { ConnectionError } from "../base/error.ts";
import type {
  Upgrade,
  WebAnswer,
  WebHost,
  WebListen,
  WebServer,
  WebSocketEnd,
  WebSocketHandler,
} from "../port/web.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SimThread } from "./sim-thread.ts";

/** Milliseconds that a frame takes. */
const FRAME_MS = 0.5;

const CLOSED_ABNORMALLY = 1006;

/** What a simulated client hears. */
export interface SimClient {
  message(data: string | Uint8Array): void;
  closed(code: number): void;
}

type Answer = (request: Request, address: string) => WebAnswer | Promise<WebAnswer>;

/** Ports of one node, by whom they are listened on. */
export type SimPorts = Map<number, Set<SimServer>>;

/** One socket: the server's end of it, and what a client does. */
export class SimSocket implements WebSocketEnd {
  readonly address = "10.0.0.200";
  readonly bufferedBytes = 0;
  readonly topics = new Set<string>();
  readonly #events: EventQueue;
  readonly #server: SimServer;
  readonly #client: SimClient;
  readonly #handler: WebSocketHandler;
  #isOpen = true;
  /** The client has gone, which the server may not have noticed. */
  #isDropped = false;

  constructor(server: SimServer, client: SimClient, handler: WebSocketHandler) {
    this.#server = server;
    this.#events = server.events;
    this.#client = client;
    this.#handler = handler;
  }

  /** As the client sees it. False: closed, or its node is no more, which nobody told it. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isDropped && !this.#server.thread.dead;
  }

  /** From the client. */
  say(text: string): void {
    this.#events.schedule(FRAME_MS, this.#server.thread, () => {
      if (this.#isOpen) this.#handler.message(text);
    });
  }

  /** By the client: it hears nothing more, and need not wait for the server to notice. */
  drop(): void {
    this.#isDropped = true;
    this.#events.schedule(FRAME_MS, this.#server.thread, () => this.#end(CLOSED_ABNORMALLY));
  }

  send(data: string | Uint8Array): boolean {
    if (!this.#isOpen) return false;
    // The server's memory is its own.
    const kept = typeof data === "string" ? data : new Uint8Array(data);
    this.#events.schedule(FRAME_MS, undefined, () => {
      if (!this.#isDropped) this.#client.message(kept);
    });
    return true;
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  publish(topic: string, data: string | Uint8Array): void {
    for (const other of this.#server.sockets) {
      if (other !== this && other.topics.has(topic)) other.send(data);
    }
  }

  close(code: number): void {
    this.#end(code);
  }

  terminate(): void {
    this.#end(CLOSED_ABNORMALLY);
  }

  #end(code: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#server.sockets.delete(this);
    this.#handler.closed(code, "");
    this.#events.schedule(FRAME_MS, undefined, () => {
      if (!this.#isDropped) this.#client.closed(code);
    });
  }
}

/** A server of one thread. */
export class SimServer implements WebServer {
  readonly events: EventQueue;
  readonly thread: SimThread;
  readonly port: number;
  readonly isShared: boolean;
  readonly sockets = new Set<SimSocket>();
  readonly #ports: SimPorts;
  readonly #answer: Answer;

  constructor(web: SimWeb, { isShared }: WebListen, port: number, answer: Answer) {
    this.events = web.events;
    this.thread = web.thread;
    this.port = port;
    this.isShared = isShared;
    this.#ports = web.ports;
    this.#answer = answer;
  }

  /** A client's connection; undefined: it is refused. */
  async connect(client: SimClient, protocol: string): Promise<SimSocket | undefined> {
    const headers = { upgrade: "websocket", host: "sim", "sec-websocket-protocol": protocol };
    const request = new Request("http://sim/", { headers });
    let answer: WebAnswer | Promise<WebAnswer> | undefined;
    this.thread.run(() => (answer = this.#answer(request, "10.0.0.200")));
    const given = await answer!;
    if (given instanceof Response) return undefined;
    const { upgrade } = given satisfies Upgrade;
    const socket = new SimSocket(this, client, upgrade);
    this.sockets.add(socket);
    this.thread.run(() => upgrade.opened(socket));
    return socket;
  }

  publish(topic: string, data: string | Uint8Array): void {
    for (const socket of this.sockets) if (socket.topics.has(topic)) socket.send(data);
  }

  refuse(): void {
    this.#ports.get(this.port)?.delete(this);
  }

  stop(): void {
    this.refuse();
    for (const socket of [...this.sockets]) socket.close(1001);
  }
}

/** What a thread of a simulated node serves with. */
export class SimWeb implements WebHost {
  readonly events: EventQueue;
  readonly thread: SimThread;
  readonly ports: SimPorts;

  constructor(events: EventQueue, thread: SimThread, ports: SimPorts) {
    this.events = events;
    this.thread = thread;
    this.ports = ports;
  }

  listen(options: WebListen, answer: Answer): WebServer {
    const port = options.port === 0 ? 10_000 + this.ports.size : options.port;
    const others = this.ports.get(port) ?? new Set();
    const isTaken = [...others].some(({ isShared }) => !isShared || !options.isShared);
    if (isTaken) throw new ConnectionError("address_in_use", `port ${port}: somebody listens here`);
    const server = new SimServer(this, options, port, answer);
    others.add(server);
    this.ports.set(port, others);
    return server;
  }

  clientSource(): Promise<string> {
    return Promise.resolve("");
  }
}

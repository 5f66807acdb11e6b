/** Nodes with the sites of `sites.ts`, and clients of theirs that are no browsers. */
import { afterAll, beforeAll } from "bun:test";
import { resolve } from "node:path";

import { startNode, type Node, type NodeOptions } from "../../src/index.ts";
import { until } from "../e2e/support/until.ts";

const MODULE = resolve(import.meta.dir, "sites.ts");
/** Sets variables of the environment for the tests of a file; nodes of tests have no registry. */
export function inEnvironment(given: Readonly<Record<string, string>> = {}): void {
  const wanted = { SNOW_LISTEN_REGISTRY_PORT: "0", ...given };
  const before = new Map(Object.keys(wanted).map((name) => [name, process.env[name]]));
  beforeAll(() => void Object.assign(process.env, wanted));
  afterAll(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

/** A node with everything on this thread. */
export const startSites = (options: NodeOptions = {}): Promise<Node> =>
  startNode({
    cookie: "a cookie for these tests alone",
    modules: [MODULE],
    logLevel: "error",
    tls: "off",
    schedulers: "inline",
    ...options,
  });

/** A WebSocket that speaks no protocol of rooms, and what it has heard. */
export class Plain {
  readonly socket: WebSocket;
  readonly heard: unknown[] = [];
  closed: { readonly code: number } | undefined;

  constructor(url: string, options: object = {}) {
    this.socket = new WebSocket(url.replace(/^http/, "ws"), options as string[]);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.heard.push(data));
    this.socket.addEventListener("close", ({ code }) => (this.closed = { code }));
    this.socket.addEventListener("error", () => undefined);
  }

  async hears(count: number): Promise<unknown[]> {
    await until(`${count} messages`, () => this.heard.length >= count);
    return this.heard;
  }

  async close(): Promise<void> {
    this.socket.close();
    await until("closed", () => this.closed !== undefined);
  }
}

/** A client of rooms over a TCP socket that can stop reading. */
export class Stuck {
  text = "";
  #socket: Bun.Socket | undefined;
  readonly #decoder = new TextDecoder();

  static async join(port: number, protocol: string): Promise<Stuck> {
    const stuck = new Stuck();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_socket, bytes) => stuck.#take(bytes) },
    });
    stuck.#socket = socket;
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    await until("upgraded", () => stuck.text.includes("101 Switching"));
    stuck.#send({ type: "hello", was: [], rooms: {} });
    stuck.#send({ type: "join", room: "lobby" });
    await until("joined", () => stuck.text.includes('"joined"'));
    return stuck;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#socket?.terminate();
  }

  /** Only what came last: the rest is long. */
  #take(bytes: Uint8Array): void {
    this.text = (this.text + this.#decoder.decode(bytes, { stream: true })).slice(-200_000);
  }

  /** One masked frame, its mask zeros. */
  #send(request: object): void {
    const payload = new TextEncoder().encode(JSON.stringify(request));
    this.#socket?.write(new Uint8Array([0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload]));
  }
}

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

/** A WebSocket over TCP whose client does as it likes: it stops reading, drips, or sends what no client may. */
export class Raw {
  /** What came, without what is long past. */
  text = "";
  isClosed = false;
  /** The close that the other side sent, if that is what came last. */
  told: { readonly code: number; readonly reason: string } | undefined;
  #socket: Bun.Socket | undefined;
  readonly #decoder = new TextDecoder();

  static async dial(port: number): Promise<Raw> {
    const raw = new Raw();
    raw.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, bytes) => raw.#take(bytes),
        close: () => void (raw.isClosed = true),
      },
    });
    return raw;
  }

  /** One that the site has taken. */
  static async upgrade(port: number, protocol?: string): Promise<Raw> {
    const raw = await Raw.dial(port);
    raw.write(upgradeRequest(port, protocol));
    await until("upgraded", () => raw.text.includes("\r\n\r\n"));
    if (!raw.text.startsWith("HTTP/1.1 101 ")) throw new Error(raw.text);
    return raw;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket?.write(bytes);
  }

  say(request: object): void {
    this.write(frameOf(OPCODE_TEXT, JSON.stringify(request)));
  }

  /** A byte now and then, until all have left or the other side has closed. */
  async drip(bytes: Uint8Array, everyMs: number): Promise<void> {
    for (const byte of bytes) {
      if (this.isClosed) return;
      this.write(Uint8Array.of(byte));
      await Bun.sleep(everyMs);
    }
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

  #take(bytes: Uint8Array): void {
    this.text = (this.text + this.#decoder.decode(bytes, { stream: true })).slice(-200_000);
    if (bytes[0] !== CLOSE_FRAME || bytes.length < 4) return;
    const reason = new TextDecoder().decode(bytes.subarray(4));
    this.told = { code: bytes[2]! * 256 + bytes[3]!, reason };
  }
}

export const OPCODE_TEXT = 1;
const CLOSE_FRAME = 0x88;

/** What a client asks for a WebSocket with. */
export const upgradeRequest = (port: number, protocol?: string): string =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
  (protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
  "\r\n";

/** A frame of a client, its mask zeros, of at most 64 KiB; `isLast`: of its message. */
export function frameOf(opcode: number, payload: string | Uint8Array, isLast = true): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { length } = bytes;
  const short = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return new Uint8Array([(isLast ? 0x80 : 0) | opcode, ...short, 0, 0, 0, 0, ...bytes]);
}

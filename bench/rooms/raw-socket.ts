/**
 * WebSockets as cheap as they can be: bytes of a TCP socket, frames found by their lengths. So that what is measured is who
 * sends, not who receives.
 */
const HEADER_MAX = 4;
const TEXT = 0x81;
const PING = 0x89;

export interface RawEvents {
  /** A whole text frame; `bytes` from `start` to `end` are its payload, good until this returns. */
  readonly frame: (bytes: Uint8Array, start: number, end: number) => void;
}

export class RawSocket {
  readonly #events: RawEvents;
  #socket: Bun.Socket | undefined;
  #rest: Uint8Array | undefined;
  #isUpgraded = false;
  readonly #open = Promise.withResolvers<void>();

  private constructor(events: RawEvents) {
    this.#events = events;
  }

  /** Resolves once the server has switched protocols. */
  static async open(
    port: number,
    path: string,
    protocol: string | undefined,
    events: RawEvents,
  ): Promise<RawSocket> {
    const raw = new RawSocket(events);
    const chosen = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
    raw.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, bytes) => raw.#received(bytes),
        close: () => raw.#open.reject(new Error("the server closed the socket")),
      },
    });
    raw.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${chosen}\r\n`,
    );
    await raw.#open.promise;
    return raw;
  }

  /** Sends text, masked with zeros. */
  send(text: string): void {
    const payload = new TextEncoder().encode(text);
    const long = payload.length > 125;
    const frame = new Uint8Array((long ? 8 : 6) + payload.length);
    frame[0] = TEXT;
    if (long) {
      frame[1] = 0x80 | 126;
      frame[2] = payload.length >> 8;
      frame[3] = payload.length & 0xff;
    } else {
      frame[1] = 0x80 | payload.length;
    }
    frame.set(payload, frame.length - payload.length);
    this.#socket?.write(frame);
  }

  close(): void {
    this.#socket?.terminate();
  }

  #received(bytes: Uint8Array): void {
    let all = bytes;
    if (this.#rest !== undefined) {
      all = new Uint8Array(this.#rest.length + bytes.length);
      all.set(this.#rest);
      all.set(bytes, this.#rest.length);
      this.#rest = undefined;
    }
    let at = 0;
    if (!this.#isUpgraded) {
      const head = new TextDecoder().decode(all);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return void (this.#rest = all);
      if (!head.startsWith("HTTP/1.1 101")) return this.#open.reject(new Error(head.slice(0, 100)));
      this.#isUpgraded = true;
      this.#open.resolve();
      at = end + HEADER_MAX;
    }
    while (at + 2 <= all.length) {
      let length = all[at + 1]! & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (at + 4 > all.length) break;
        length = (all[at + 2]! << 8) | all[at + 3]!;
        start = at + 4;
      }
      if (start + length > all.length) break;
      if (all[at] === TEXT) this.#events.frame(all, start, start + length);
      else if (all[at] === PING) this.#socket?.write(new Uint8Array([0x8a, 0x80, 0, 0, 0, 0]));
      at = start + length;
    }
    if (at < all.length) this.#rest = all.slice(at);
  }
}

/**
 * A peer written from docs/protocol.md and docs/stf.md alone, as somebody with another language would: nothing of `src` is
 * imported, so where the pages and the code say different things, it is not let in.
 */
import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";

const u = (value: number | bigint, bytes: number): Buffer =>
  Buffer.from(
    Array.from({ length: bytes }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 0xffn)),
  );
const text = (value: string): Buffer =>
  Buffer.concat([u(Buffer.byteLength(value), 2), Buffer.from(value)]);
/** The term for a short string: LATIN1. */
export const string = (value: string): Buffer =>
  Buffer.concat([u(0x80 + value.length, 1), Buffer.from(value, "latin1")]);
const frame = (...body: Uint8Array[]): Buffer => {
  const bytes = Buffer.concat(body);
  return Buffer.concat([u(bytes.length, 4), bytes]);
};
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** One TLS connection: frames in and out, and the transcript of its handshake. */
class Wire implements Disposable {
  readonly exporter: Buffer;
  transcript = Buffer.alloc(0);
  readonly #socket: Bun.Socket<undefined>;
  readonly #take: () => Promise<Buffer>;

  private constructor(socket: Bun.Socket<undefined>, take: () => Promise<Buffer>) {
    this.#socket = socket;
    this.#take = take;
    this.exporter = socket.exportKeyingMaterial(32, "EXPORTER-snow-node", Buffer.alloc(0));
  }

  static async dial(port: number): Promise<Wire> {
    const secured = Promise.withResolvers<void>();
    let [bytes, isOver, wake] = [Buffer.alloc(0), false, (): void => {}];
    const socket = await Bun.connect({
      ...{ hostname: "127.0.0.1", port, tls: { rejectUnauthorized: false } },
      socket: {
        handshake: () => secured.resolve(),
        data: (_socket, chunk) => {
          bytes = Buffer.concat([bytes, chunk]);
          wake();
        },
        close: () => {
          isOver = true;
          wake();
        },
      },
    });
    await secured.promise;
    const take = async (): Promise<Buffer> => {
      for (;;) {
        const length = bytes.length < 4 ? Infinity : 4 + bytes.readUInt32LE(0);
        if (bytes.length >= length) {
          const whole = bytes.subarray(0, length);
          bytes = bytes.subarray(length);
          return whole;
        }
        if (isOver) throw new Error("closed by the node");
        // oxlint-disable-next-line no-await-in-loop -- one frame after the other
        await new Promise<void>((resolve) => (wake = resolve));
      }
    };
    return new Wire(socket, take);
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The body of the next frame. */
  async next(): Promise<Buffer> {
    return (await this.#take()).subarray(4);
  }

  proof(key: Uint8Array, role: "dialler" | "acceptor", purpose: string, head: Uint8Array): Buffer {
    return createHmac("sha256", key)
      .update(Buffer.from(`snow-node 1 ${role} ${purpose}\0`))
      .update(this.exporter)
      .update(sha256(Buffer.concat([this.transcript, head])))
      .digest();
  }

  /** Sends a frame of the handshake; with `key` it ends with a proof of the dialler. */
  say(head: Uint8Array, key?: Uint8Array, purpose = ""): void {
    if (key === undefined) return this.#said(frame(head));
    const start = Buffer.concat([u(head.length + 32, 4), head]);
    this.#said(Buffer.concat([start, this.proof(key, "dialler", purpose, start)]));
  }

  /** Takes a frame of the handshake of this kind; with `key` its proof has to be the acceptor's. */
  async hear(kind: number, key?: Uint8Array, purpose = ""): Promise<Buffer> {
    const whole = await this.#take();
    const body = whole.subarray(4);
    if (body[0] !== kind) throw new Error(`got ${body.toString("latin1")}, expected kind ${kind}`);
    if (key !== undefined) {
      const proof = this.proof(key, "acceptor", purpose, whole.subarray(0, -32));
      if (!proof.equals(whole.subarray(-32))) throw new Error(`the ${purpose} proof does not fit`);
    }
    this.transcript = Buffer.concat([this.transcript, whole]);
    return body;
  }

  #said(bytes: Buffer): void {
    this.transcript = Buffer.concat([this.transcript, bytes]);
    this.send(bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.end();
  }
}

/** A session with a node, whose name is below that of the peer: the peer is the arbiter. */
export class ForeignPeer implements Disposable {
  readonly #wires: Wire[] = [];
  readonly #session = randomBytes(16);
  readonly #control: Wire;
  #laneKey: Uint8Array = Buffer.alloc(0);
  #lanePort = 0;
  #messages = 0;
  #received = 0;

  private constructor(control: Wire) {
    this.#control = control;
    this.#wires.push(control);
  }

  static async join(port: number, cookie: string, name: string): Promise<ForeignPeer> {
    const wire = await Wire.dial(port);
    const peer = new ForeignPeer(wire);
    const key = Buffer.from(cookie);
    const hello = [u(1, 1), Buffer.from("SNOW"), u(1, 2), u(1, 2), u(0b111111, 4), u(0b111, 4)];
    hello.push(
      u(1, 1),
      u(0, 1),
      u(7, 6),
      randomBytes(32),
      u(60_000, 4),
      u(0, 4),
      text(name),
      u(1, 1),
    );
    wire.say(Buffer.concat(hello));
    peer.#lanePort = lanePortOf(await wire.hear(1));
    wire.say(Buffer.concat([u(2, 1), u(1, 1), u(0, 1)]), key, "control");
    await wire.hear(2, key, "control");
    wire.say(Buffer.concat([u(3, 1), peer.#session, u(1, 2)]), key, "commit");
    const salt = sha256(wire.transcript);
    peer.#laneKey = new Uint8Array(
      hkdfSync("sha256", wire.exporter, salt, "snow-node 1 lane key", 32),
    );
    wire.send(frame(u(0x12, 1), u(0, 6)));
    const ready = await wire.next();
    if (ready[0] !== 0x12) throw new Error(`got kind ${ready[0]}, expected CONTROL_READY`);
    return peer;
  }

  /** What the node answers to a tick that asks for one: the stamp that it echoes. */
  async tick(stamp: number): Promise<number> {
    this.#control.send(frame(u(0x13, 1), u(1, 1), u(stamp, 6), u(0, 6), u(0, 8), u(1, 1), u(0, 4)));
    const body = await this.#next(0x13);
    return body.readUIntLE(8, 6);
  }

  /** Asks for a verb; gives ok and the bytes of the answer's term. */
  async query(id: number, verb: string): Promise<{ ok: number; term: Buffer }> {
    // The term: version 1, null.
    this.#say(u(3, 1), u(id, 4), text(verb), Buffer.from([1, 0xc1]));
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one message after the other
      const message = await this.#message();
      if (message[0] === 4 && message.readUInt32LE(1) === id)
        return { ok: message[5]!, term: message.subarray(6) };
    }
  }

  /** Sends `{ type: "text", text }` to a registered name, on lane 1. */
  async sendText(
    to: { readonly name: string; readonly node: string },
    words: string,
  ): Promise<void> {
    const wire = await Wire.dial(this.#lanePort);
    this.#wires.push(wire);
    const head = [Buffer.from("SNOW"), this.#session, u(1, 1)];
    wire.say(Buffer.concat([u(5, 1), ...head, randomBytes(32)]));
    await wire.hear(5);
    wire.say(u(6, 1), this.#laneKey, "lane");
    await wire.hear(6, this.#laneKey, "lane");
    await wire.hear(7, this.#laneKey, "lane_ready");
    wire.say(Buffer.concat([u(7, 1), u(0, 6)]), this.#laneKey, "lane_ready");
    // Version 1, an object of two keys; no sender; name and node are terms of the same stream.
    const fields = [string("type"), string("text"), string("text"), string(words)];
    const term = Buffer.concat([u(1, 1), u(0xe3, 1), u(2, 1), ...fields]);
    const entry = Buffer.concat([u(0x11, 1), term, u(0, 1), string(to.name), string(to.node)]);
    wire.send(frame(u(0x10, 1), u(1, 6), u(0, 6), entry));
    const ack = await wire.next();
    if (ack[0] !== 0x11 || ack.readUIntLE(1, 6) !== 1)
      throw new Error("expected an ACK of frame 1");
  }

  /** Leaves in order; the code with which the node ends the session. */
  async leave(): Promise<number> {
    this.#say(u(5, 1), u(65, 1), u(1, 1), u(1, 6));
    return (await this.#next(0x15))[1]!;
  }

  #say(...message: Uint8Array[]): void {
    const head = [u(0x10, 1), u(++this.#messages, 6), u(this.#received, 6), u(1, 1)];
    this.#control.send(frame(...head, ...message));
  }

  /** The next control message, which has to be in one piece. */
  async #message(): Promise<Buffer> {
    const body = await this.#next(0x10);
    if (body.readUIntLE(1, 6) !== ++this.#received) throw new Error("a frame is missing");
    if (body[13] !== 1) throw new Error("a message in pieces");
    return body.subarray(14);
  }

  /** The next frame of this kind; others are passed over. */
  async #next(kind: number): Promise<Buffer> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one frame after the other
      const body = await this.#control.next();
      if (body[0] === kind) return body;
      if (body[0] === 0x10) this.#received = body.readUIntLE(1, 6);
    }
  }

  [Symbol.dispose](): void {
    for (const wire of this.#wires) wire[Symbol.dispose]();
  }
}

/** The port of scheduler 1 in a HELLO that has an address. */
function lanePortOf(hello: Buffer): number {
  let at = 65;
  at += 2 + hello.readUInt16LE(at);
  at += 2 + hello.readUInt16LE(at) + 2;
  return hello.readUInt16LE(at + 1);
}

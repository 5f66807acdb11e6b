import { encodeControlMessage, type ControlMessage } from "../../../src/wire/control-message.ts";
import { FrameKind } from "../../../src/wire/frame.ts";
import type { Hello } from "../../../src/wire/handshake-message.ts";
import { encodeReplicaMessage, type ReplicaMessage } from "../../../src/wire/replica-message.ts";
import type { Established } from "../../../src/session/handshake/handshake-io.ts";
import { data, frame } from "./garbage.ts";
import { insiderName, joinAs, type InsiderConnection } from "./insider.ts";
import type { Siege } from "./siege.ts";

/** Bytes of a message in one DATA frame. */
const PIECE_BYTES = 65_535;

/** A peer in good standing that says on its control connection what no node says. */
export class Talker implements Disposable {
  readonly name: string;
  readonly established: Established;
  readonly #connection: InsiderConnection;
  #frames = 0;
  #isOver = false;

  private constructor(name: string, connection: InsiderConnection, established: Established) {
    this.name = name;
    this.established = established;
    this.#connection = connection;
    void connection.closed.then(() => (this.#isOver = true));
  }

  static async join(siege: Siege, different: Partial<Hello> = {}): Promise<Talker> {
    const hello = { name: insiderName(true), ...different };
    const { connection, established } = await joinAs(siege.target, siege.cookie, { hello });
    await connection.write(frame(FrameKind.CONTROL_READY, [0, 6]));
    return new Talker(hello.name, connection, established!);
  }

  /** Whether the node has given the session up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the node has given the session up. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  say(message: ControlMessage): Promise<void> {
    const bytes = encodeControlMessage(message);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const isLast = at + PIECE_BYTES >= bytes.length;
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      frames.push(data(++this.#frames, 0, [isLast ? 1 : 0, 1], piece));
    }
    return this.write(Buffer.concat(frames));
  }

  /** To a service's replicated table. */
  sayOf(service: number, message: ReplicaMessage): Promise<void> {
    return this.say({ kind: "service", service, body: encodeReplicaMessage(message) });
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#connection.write(bytes);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

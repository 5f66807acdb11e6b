/**
 * A peer that knows the cookie and can misbehave from any point on: it goes through the handshakes with the product's own
 * cores, and whoever holds it may change each frame on its way out, and write what he likes afterwards.
 */
import { randomBytes } from "node:crypto";

import { sha256Digest } from "../../../src/bun/digest.ts";
import { createTransport } from "../../../src/bun/tls/tls-transport.ts";
import type { Connection } from "../../../src/port/transport.ts";
import { Handshake } from "../../../src/session/handshake/handshake.ts";
import type { Established } from "../../../src/session/handshake/handshake-io.ts";
import { LaneHandshake } from "../../../src/session/handshake/lane-handshake.ts";
import { NONCE_BYTES, SESSION_ID_BYTES, type Hello } from "../../../src/wire/handshake-message.ts";
import type { BinaryNode } from "./binary-node.ts";
import { helloFields } from "./hello.ts";

/** What an insider makes of a frame that it would send, counted from 0; `last`: it says no more behind it. */
export type Tamper = (
  frame: Uint8Array,
  index: number,
) => { readonly bytes: Uint8Array; readonly last: boolean };

const honest: Tamper = (bytes) => ({ bytes, last: false });

/** The node's own limits come first. */
const HANDSHAKE_MS = 60_000;

/** As a node dials; who answers is found out by the handshake. */
const transport = createTransport({ mode: "auto", key: "", cert: "" });

/** One side of a handshake as it is driven here. */
interface Core {
  handle(input: { readonly kind: "received"; readonly bytes: Uint8Array }, now: number): void;
}

/** One connection of an insider. */
export class InsiderConnection implements Disposable {
  /** Resolves when the node has closed the connection, or it never opened. */
  readonly closed: Promise<void>;
  readonly #connection: Promise<Connection>;
  #received: (bytes: Uint8Array) => void = () => {};
  #wake = (): void => {};
  #silenced = false;

  constructor(host: string, port: number) {
    const opening = Promise.withResolvers<Connection>();
    const closing = Promise.withResolvers<void>();
    this.#connection = opening.promise;
    this.closed = closing.promise;
    // Who only waits for the end does not ask how it began.
    opening.promise.catch(() => {});
    transport.dial(
      { host, port },
      {
        opened: (connection) => opening.resolve(connection),
        received: (bytes) => this.#received(bytes),
        drained: () => this.#wake(),
        closed: (error) => {
          opening.reject(error ?? new Error("closed"));
          closing.resolve();
          this.#wake();
        },
      },
    );
  }

  exporter(): Promise<Uint8Array> {
    return this.#connection.then((connection) => connection.exporter());
  }

  /** As much as the node takes; ends early when it closes. */
  async write(bytes: Uint8Array): Promise<void> {
    const connection = await this.#connection;
    let offset = 0;
    while (offset < bytes.length) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const taken = connection.write(bytes, offset, bytes.length - offset);
      if (taken < 0) return;
      offset += taken;
      if (offset < bytes.length) await promise;
    }
  }

  async end(): Promise<void> {
    (await this.#connection).end();
  }

  /** Runs a handshake: what arrives goes to the core, then `poll` says what it wants. */
  drive(core: Core, poll: () => void): void {
    this.#received = (bytes) => {
      if (this.#silenced) return;
      core.handle({ kind: "received", bytes }, 0);
      poll();
    };
    poll();
  }

  /** Sends a frame of a handshake through `tamper`; after its last one the handshake is over for this side. */
  say(frame: Uint8Array, index: number, tamper: Tamper): void {
    if (this.#silenced) return;
    const { bytes, last } = tamper(frame, index);
    this.#silenced = last;
    void this.write(bytes).then(() => (last ? this.end() : undefined));
  }

  [Symbol.dispose](): void {
    this.#connection.then(
      (connection) => connection.terminate(),
      () => {},
    );
  }
}

/** How far a handshake came. */
export interface Joined {
  readonly connection: InsiderConnection;
  /** Undefined: the node closed before it stood. */
  readonly established: Established | undefined;
}

let insiders = 0;

/**
 * A name that no other insider has had, all of one length; one behind the node's is the arbiter of the two and speaks
 * last.
 */
export const insiderName = (arbiter: boolean): string =>
  `${arbiter ? "z" : "A"}${String(++insiders).padStart(6, "0")}@127.0.0.1`;

/** Dials the control port of a node and goes through the handshake; resolves when it stands or the node has closed. */
export async function joinAs(
  node: BinaryNode,
  cookie: string,
  options: { readonly hello?: Partial<Hello>; readonly tamper?: Tamper } = {},
): Promise<Joined> {
  const connection = new InsiderConnection("127.0.0.1", node.port);
  const core = new Handshake({
    role: "dialler",
    hello: helloFields({ name: insiderName(true), ...options.hello }),
    cookies: [new TextEncoder().encode(cookie)],
    digest: sha256Digest,
    exporter: await connection.exporter(),
    deadline: HANDSHAKE_MS,
  });
  const standing = Promise.withResolvers<Established>();
  let sent = 0;
  connection.drive(core, () => {
    for (let output = core.pollOutput(); output !== undefined; output = core.pollOutput()) {
      if (output.kind === "send") connection.say(output.bytes, sent++, options.tamper ?? honest);
      else if (output.kind === "established") standing.resolve(output);
      else if (output.kind === "need_decision") {
        core.handle(
          output.stage === "admit"
            ? { kind: "admit", resume: undefined }
            : { kind: "commit", session: randomBytes(SESSION_ID_BYTES) },
          0,
        );
      }
    }
  });
  const established = await Promise.race([
    standing.promise,
    connection.closed.then(() => undefined),
  ]);
  return { connection, established };
}

/** Dials a lane of a session that stands and goes through its handshake; `peerReceived` undefined: the node closed. */
export async function joinLane(
  established: Established,
  lane: number,
  tamper: Tamper = honest,
): Promise<{ readonly connection: InsiderConnection; readonly peerReceived: number | undefined }> {
  const port = established.peer.hello.lanePorts[lane - 1]!;
  const connection = new InsiderConnection("127.0.0.1", port);
  const core = new LaneHandshake({
    dial: { session: established.session, lane, laneKey: established.laneKey },
    nonce: randomBytes(NONCE_BYTES),
    digest: sha256Digest,
    exporter: await connection.exporter(),
    deadline: HANDSHAKE_MS,
  });
  const standing = Promise.withResolvers<number>();
  let sent = 0;
  connection.drive(core, () => {
    for (let output = core.pollOutput(); output !== undefined; output = core.pollOutput()) {
      if (output.kind === "send") connection.say(output.bytes, sent++, tamper);
      else if (output.kind === "established") standing.resolve(output.peerReceived);
      else if (output.kind === "need_received") core.handle({ kind: "ready", received: 0 }, 0);
    }
  });
  const peerReceived = await Promise.race([
    standing.promise,
    connection.closed.then(() => undefined),
  ]);
  return { connection, peerReceived };
}

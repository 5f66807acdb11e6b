/** Signals of a peer that knows the cookie and the format, and gets something wrong: who is meant by them sees nothing of it. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { ByteWriter } from "../../src/base/bytes.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { Identities } from "../../src/term/identities.ts";
import { Pid } from "../../src/term/pid.ts";
import type { Ref } from "../../src/term/ref.ts";
import { struct } from "../../src/term/struct.ts";
import { FrameKind } from "../../src/wire/frame.ts";
import { encodeSignal, SignalKind } from "../../src/wire/signals/message.ts";
import type { WireSignal } from "../../src/wire/signals/wire-signal.ts";
import { everySignal } from "../support/signals.ts";
import { BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { data, firstPiece, frame } from "./support/garbage.ts";
import { insiderName, joinAs, joinLane, type InsiderConnection } from "./support/insider.ts";

const MODULE = resolve(import.meta.dir, "support/bad-peer-actors.ts");
const TERM_BYTES_MAX = 1_000_000;
/** Signals of kinds that a scheduler hands on to rooms have no pids or terms to get wrong. */
const NO_FIELDS = new Set(["room", "room_control"]);

/** Puts a number where a pid belongs. */
class PidsWrong extends TermEncoder {
  override writePid(writer: ByteWriter, _pid: Pid): void {
    this.write(writer, 7);
  }
}

/** Puts a text where a reference belongs. */
class RefsWrong extends TermEncoder {
  override writeRef(writer: ByteWriter, _ref: Ref): void {
    this.write(writer, "a reference");
  }
}

/** Puts a list where a name belongs. */
class NamesWrong extends TermEncoder {
  override writeName(writer: ByteWriter, _name: string): void {
    this.write(writer, [1]);
  }
}

/** A signal as the first one of a lane, or with one kind of field wrong. */
function bytesOf(signal: WireSignal, Encoder: typeof TermEncoder = TermEncoder): Uint8Array {
  const writer = new ByteWriter();
  const out = { writer, encoder: new Encoder(writer), termBytesMax: TERM_BYTES_MAX };
  encodeSignal(out, signal);
  return writer.copy();
}

/** Every kind of signal with each kind of field wrong that it has, and without its end. */
function badSignals(): { readonly what: string; readonly bytes: Uint8Array }[] {
  const identities = new Identities("z@127.0.0.1", 1);
  const signals = everySignal(identities).filter(({ kind }) => !NO_FIELDS.has(kind));
  return signals.flatMap((signal, index) => {
    const good = bytesOf(signal);
    const wrong = [PidsWrong, RefsWrong, NamesWrong].map((Encoder) => ({
      what: `${signal.kind} ${index}, ${Encoder.name}`,
      bytes: bytesOf(signal, Encoder),
    }));
    const cut = { what: `${signal.kind} ${index} without its end`, bytes: good.slice(0, -1) };
    return [...wrong.filter(({ bytes }) => Buffer.compare(bytes, good) !== 0), cut];
  });
}

/** A peer with a session and the lane to scheduler 1 of a node. */
class BadPeer implements Disposable {
  readonly identities: Identities;
  readonly lane: InsiderConnection;
  readonly #control: InsiderConnection;
  readonly #writer = new ByteWriter();
  readonly #out = {
    writer: this.#writer,
    encoder: new TermEncoder(this.#writer),
    termBytesMax: TERM_BYTES_MAX,
  };
  #frames = 0;

  private constructor(
    name: string,
    creation: number,
    control: InsiderConnection,
    lane: InsiderConnection,
  ) {
    this.identities = new Identities(name, creation);
    this.#control = control;
    this.lane = lane;
  }

  static async join(
    cluster: BinaryCluster,
    node: BinaryNode,
    { name = insiderName(true), creation = 1 } = {},
  ): Promise<BadPeer> {
    const hello = { name, creation };
    const { connection, established } = await joinAs(node, cluster.cookie, { hello });
    await connection.write(frame(FrameKind.CONTROL_READY, [0, 6]));
    const { connection: lane } = await joinLane(established!, 1);
    return new BadPeer(name, creation, connection, lane);
  }

  /** Resolves when the node has given the session up. */
  get closed(): Promise<void> {
    return this.#control.closed;
  }

  send(signal: WireSignal): Promise<void> {
    this.#writer.length = 0;
    encodeSignal(this.#out, signal);
    return this.write(this.#writer.copy());
  }

  /** Entries of one frame, as they are. */
  write(...parts: Parameters<typeof data>[2][]): Promise<void> {
    return this.lane.write(data(++this.#frames, 0, ...parts));
  }

  text(node: BinaryNode, text: unknown): Promise<void> {
    const message = { type: "text", text };
    const target = { name: "victim", node: node.name };
    return this.send({ kind: "message_named", from: undefined, ...target, message });
  }

  [Symbol.dispose](): void {
    this.#control[Symbol.dispose]();
    this.lane[Symbol.dispose]();
  }
}

async function withVictim(
  use: (cluster: BinaryCluster, node: BinaryNode) => Promise<void>,
): Promise<void> {
  await using cluster = await BinaryCluster.start();
  const node = await cluster.add("a", { modules: [MODULE], start: ["victim"] });
  await node.logged("victim");
  await use(cluster, node);
  expect(node.log("process crashed")).toEqual([]);
  expect(await node.stop()).toBe(0);
}

const saw = (node: BinaryNode, what: string): unknown[] =>
  node
    .log("saw")
    .filter((line) => line.what === what)
    .map((line) => line.said ?? line.reason ?? true);

test("BD-01 BD-06 signals with fields of a wrong kind end their session; whom they name gets the good messages and nothing else", async () => {
  await withVictim(async (cluster, node) => {
    const bad = badSignals();
    expect(bad.length).toBeGreaterThan(40);
    for (const { what, bytes } of bad) {
      using peer = await BadPeer.join(cluster, node);
      await peer.text(node, what);
      await peer.write(bytes);
      const closed = peer.closed.then(() => what);
      expect(await Promise.race([closed, Bun.sleep(5_000).then(() => "open")])).toBe(what);
    }
    await node.lines.waitFor(() => saw(node, "text").length === bad.length);
    expect(saw(node, "text")).toEqual(bad.map(({ what }) => what));
    expect([...saw(node, "down"), ...saw(node, "exit")]).toEqual([]);
  });
});

test("BD-03 an end whose reason is noise, in fragments, closes the session: those who held on to the sender hear noconnection", async () => {
  await withVictim(async (cluster, node) => {
    const victim = String(node.log("victim")[0]?.self);
    for (const [round, kind] of (["link_exit", "exit", "down"] as const).entries()) {
      using peer = await BadPeer.join(cluster, node);
      const { identities } = peer;
      const from = identities.localPid(5);
      const to = Pid.parse(victim, identities);
      const hold = { type: "hold", pid: from };
      await peer.send({ kind: "message", from, to, message: hold });
      await node.lines.waitFor(() => saw(node, "hold").length === round + 1);
      const noise = new Uint8Array(3_000).fill(0xee);
      noise[0] = SignalKind[kind];
      await peer.write(...firstPiece(1, noise.length, noise.subarray(0, 1_000)));
      await peer.write([SignalKind.FRAGMENT_NEXT, 1], [1, 4], [2_000, 4], noise.subarray(1_000));
      await peer.closed;
      await node.lines.waitFor(() => saw(node, "down").length === round + 1);
      await node.lines.waitFor(() => saw(node, "exit").length === round + 1);
    }
    expect([...saw(node, "down"), ...saw(node, "exit")]).toEqual(
      Array<string>(6).fill("noconnection"),
    );
  });
});

/** Known here, and nowhere else. */
class Unheard {}
struct("bad-signals.unheard", Unheard, { encode: () => 1, decode: () => new Unheard() });

test("BD-04 a message that cannot be built here is a dead letter; one that is no term ends the session; those before and after it arrive", async () => {
  await withVictim(async (cluster, node) => {
    using peer = await BadPeer.join(cluster, node);
    await peer.text(node, "before");
    await peer.text(node, new Unheard());
    await peer.text(node, "after");
    await node.lines.waitFor(() => saw(node, "text").length === 2);
    const { deadLetters } = JSON.parse((await node.verb("status", "--json")).stdout);
    expect(deadLetters.undecodable).toBe(1);
    await peer.write([SignalKind.message_named, 1], new Uint8Array(64).fill(0xee));
    await peer.closed;
    expect(saw(node, "text")).toEqual(["before", "after"]);
  });
});

test("BD-05 what an old session still says when a later start of its node is there does no harm to the new one", async () => {
  await withVictim(async (cluster, node) => {
    const name = insiderName(true);
    using old = await BadPeer.join(cluster, node, { name });
    await old.text(node, "old");
    // The node asks the old one for a sign of life, and gets none.
    using fresh = await BadPeer.join(cluster, node, { name, creation: 2 });
    await fresh.text(node, "new");
    await node.lines.waitFor(() => saw(node, "text").length === 2);
    await old.write([SignalKind.message_named, 1], new Uint8Array(64).fill(0xee));
    await fresh.text(node, "newer");
    await node.lines.waitFor(() => saw(node, "text").length === 3);
    expect(saw(node, "text")).toEqual(["old", "new", "newer"]);
  });
});

import { mutant, type Mutant } from "./mutant.ts";

const OUTGOING = "src/session/lane/outgoing.ts";
const INCOMING = "src/session/lane/incoming.ts";
const LANE = "src/session/lane/lane.ts";
const LANE_DRIVER = "src/node/scheduler/lanes/lane-driver.ts";

/** Lanes: frames, acknowledgements, resume, fragments, back-pressure, relays. */
export const lanes: readonly Mutant[] = [
  mutant(
    "a resume leaves out one frame",
    OUTGOING,
    "this.#moveCursor(slab, received + 1 - slab.first);\n    this.#drop(received);",
    "this.#moveCursor(slab, Math.min(received + 2 - slab.first, slab.ends.length));\n    this.#drop(received);",
  ),
  mutant(
    "a resume goes on where the socket broke, as if all had arrived",
    OUTGOING,
    "this.#moveCursor(slab, received + 1 - slab.first);\n    this.#drop(received);",
    "this.#drop(received);",
  ),
  {
    name: "the number of a frame is not looked at, and its resume repeats one",
    patches: [
      {
        file: INCOMING,
        from: "if (number !== this.received + 1) {",
        to: "if (number > this.received + 1) {",
      },
      {
        file: OUTGOING,
        from: "this.#moveCursor(slab, received + 1 - slab.first);\n    this.#drop(received);",
        to: "this.#moveCursor(slab, Math.max(0, received - slab.first));\n    this.#drop(received);",
      },
    ],
  },
  mutant(
    "a lost ack: a resume states one frame less than has arrived",
    LANE_DRIVER,
    "return this.core.receivedFrame;",
    "return Math.max(0, this.core.receivedFrame - 1);",
  ),
  mutant("a partial frame outlives its socket", INCOMING, "this.#frames.reset();", ""),
  mutant(
    "partial reads are dropped",
    "src/wire/frame.ts",
    "this.#keep(available);\n    return false;",
    "this.#offset = chunk.length;\n    return false;",
  ),
  mutant(
    "frames are never acknowledged",
    INCOMING,
    "if (this.ackDue !== undefined && now >= this.ackDue) this.ackWanted = true;",
    "",
  ),
  mutant(
    "a small message overtakes a large one of its sender",
    LANE,
    "if (!this.#backlog.isEmpty && this.#backlog.holds(senderOf(from))) {",
    "if (false) {",
  ),
  mutant(
    "pieces of two signals are mixed up",
    "src/session/lane/assembly.ts",
    "series.bytes.set(piece, series.length);",
    "series.bytes.set(piece, Math.max(0, series.length - 1));",
  ),
  mutant(
    "a lane whose peer owes everything is never found out",
    LANE_DRIVER,
    "return since !== undefined && now - since >= STALLED_MS;",
    "return false;",
  ),
  mutant(
    "a full socket is never written to again",
    LANE_DRIVER,
    "if (own === this.#connection) this.flush();",
    "",
  ),
  mutant(
    "senders that are paused stay paused",
    "src/scheduler/lane-waits.ts",
    "process.unpause();",
    "",
  ),
  mutant(
    "an oversized message kills the link",
    LANE,
    "const bytes = this.#standalone.encode(signal, (size) => {\n      if (limited) this.room.checkLarge(size);\n    });",
    'let bytes!: Uint8Array; try { bytes = this.#standalone.encode(signal, () => {}); } catch { return this.#fail(new ProtocolError("lane_overrun", "too large")); }',
  ),
  mutant(
    "what a sender changes after sending changes what waits for a dial",
    "src/node/scheduler/routes.ts",
    "const kept = withContent(signal, decode(bytes, { identities: this.#identities }));",
    "const kept = signal;",
  ),
  mutant(
    "what waited for a node goes in the wrong order",
    "src/node/scheduler/routes.ts",
    "for (const { signal } of queue?.entries ?? []) this.#again(signal);",
    "for (const { signal } of [...(queue?.entries ?? [])].reverse()) this.#again(signal);",
  ),
  mutant(
    "batches of an ended session are delivered",
    "src/node/scheduler/scheduler-sessions.ts",
    "if (number <= (this.#newest.get(node) ?? 0)) return undefined;",
    "if (number <= (this.#newest.get(node) ?? 0)) return { origin } as never;",
  ),
  mutant(
    "what is relayed does not say from which session",
    "src/node/scheduler/arrivals.ts",
    "if (link !== undefined) return link.message(from, to, message, origin);",
    "if (link !== undefined) return link.message(from, to, message);",
  ),
];

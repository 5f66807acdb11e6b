import { describe, expect, test } from "bun:test";
import {
  LaneHandshake,
  type LaneHandshakeInput,
  type LaneHandshakeOutput,
  type LaneIdentity,
} from "../../src/session/handshake/lane-handshake.ts";
import type { Role } from "../../src/session/handshake/transcript.ts";
import { encodeFrame, FrameKind } from "../../src/wire/frame.ts";
import { digest } from "../support/digest.ts";
import { EXPORTER } from "../support/handshake-pair.ts";

const IDENTITY: LaneIdentity = {
  session: new Uint8Array(16).fill(5),
  lane: 2,
  laneKey: new Uint8Array(32).fill(0x1a),
};

class End {
  readonly core: LaneHandshake;
  readonly outputs: LaneHandshakeOutput[] = [];
  readonly #received: number;
  readonly #laneKey: Uint8Array | "unknown";

  /** `laneKey`: what an acceptor knows of the session; while that is unknown it does not answer. */
  constructor(
    role: Role,
    received: number,
    laneKey: Uint8Array | "unknown" = IDENTITY.laneKey,
    exporter = EXPORTER,
  ) {
    this.#received = received;
    this.#laneKey = laneKey;
    this.core = new LaneHandshake({
      dial: role === "dialler" ? IDENTITY : undefined,
      nonce: new Uint8Array(32).fill(role === "dialler" ? 1 : 2),
      digest,
      exporter,
      deadline: 7_000,
    });
  }

  poll(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (
      let output = this.core.pollOutput();
      output !== undefined;
      output = this.core.pollOutput()
    ) {
      this.outputs.push(output);
      if (output.kind === "send") frames.push(output.bytes);
      if (output.kind === "need_session" && this.#laneKey !== "unknown") {
        this.core.handle({ kind: "session", laneKey: this.#laneKey }, 0);
      }
      if (output.kind === "need_received")
        this.core.handle({ kind: "ready", received: this.#received }, 0);
    }
    return frames;
  }

  receive(bytes: Uint8Array): void {
    this.core.handle({ kind: "received", bytes }, 0);
  }

  get established() {
    return this.outputs.find((output) => output.kind === "established");
  }

  get code(): string | undefined {
    return this.outputs.find((output) => output.kind === "failed")?.error.code;
  }
}

interface Delivered {
  readonly from: Role;
  readonly bytes: Uint8Array;
}

function drive(
  dialler: End,
  acceptor: End,
  tap: (bytes: Uint8Array, index: number) => Uint8Array = (bytes) => bytes,
) {
  const delivered: Delivered[] = [];
  for (let moved = true; moved;) {
    moved = false;
    for (const from of ["dialler", "acceptor"] as const) {
      const [end, other] = from === "dialler" ? [dialler, acceptor] : [acceptor, dialler];
      for (const frame of end.poll()) {
        moved = true;
        const bytes = tap(frame, delivered.length);
        delivered.push({ from, bytes });
        other.receive(bytes);
      }
    }
  }
  return delivered;
}

const pair = () => [new End("dialler", 30), new End("acceptor", 40)] as const;

describe("the handshake of a lane", () => {
  test("tells each side the last frame of the other, the dialler proving first", () => {
    const [dialler, acceptor] = pair();
    const kinds = drive(dialler, acceptor).map(({ from, bytes }) => [from, bytes[4]]);
    expect(kinds).toEqual([
      ["dialler", FrameKind.LANE_HELLO],
      ["acceptor", FrameKind.LANE_HELLO],
      ["dialler", FrameKind.LANE_PROOF],
      ["acceptor", FrameKind.LANE_PROOF],
      ["acceptor", FrameKind.LANE_READY],
      ["dialler", FrameKind.LANE_READY],
    ]);
    expect(dialler.established).toMatchObject({
      lane: 2,
      peerReceived: 40,
      session: IDENTITY.session,
    });
    expect(acceptor.established).toMatchObject({
      lane: 2,
      peerReceived: 30,
      session: IDENTITY.session,
    });
  });

  test("bytes behind the last message belong to the lane", () => {
    const [dialler, acceptor] = pair();
    drive(dialler, acceptor, (bytes, index) =>
      index === 5 ? new Uint8Array([...bytes, 7, 8]) : bytes,
    );
    expect(acceptor.established!.rest).toEqual(new Uint8Array([7, 8]));
  });

  test("fails when any bit of any frame is flipped", () => {
    const reference = drive(...pair());
    for (let index = 0; index < reference.length; index++) {
      for (let at = 0; at < reference[index]!.bytes.length; at++) {
        const [dialler, acceptor] = pair();
        drive(dialler, acceptor, (bytes, number) => {
          if (number !== index) return bytes;
          const flipped = bytes.slice();
          flipped[at]! ^= 1 << ((at * 3) % 8);
          return flipped;
        });
        const receiver = reference[index]!.from === "dialler" ? acceptor : dialler;
        expect(receiver.established).toBeUndefined();
      }
    }
  });

  test("fails when any frame is cut at any length and the connection closes", () => {
    const reference = drive(...pair());
    for (let index = 0; index < reference.length; index++) {
      for (let length = 0; length < reference[index]!.bytes.length; length++) {
        const [dialler, acceptor] = pair();
        drive(dialler, acceptor, (bytes, number) =>
          number < index ? bytes : bytes.slice(0, number === index ? length : 0),
        );
        const receiver = reference[index]!.from === "dialler" ? acceptor : dialler;
        receiver.core.handle({ kind: "closed" }, 0);
        receiver.poll();
        expect(receiver.code).toBe("closed_by_peer");
      }
    }
  });

  test("fails with another key, and behind a relay of TLS connections", () => {
    const cases = [
      [new End("dialler", 0), new End("acceptor", 0, new Uint8Array(32))],
      [new End("dialler", 0), new End("acceptor", 0, IDENTITY.laneKey, new Uint8Array(32))],
    ] as const;
    for (const [dialler, acceptor] of cases) {
      drive(dialler, acceptor);
      expect(acceptor.code).toBe("bad_digest");
      expect(dialler.code).toBe("bad_digest");
    }
  });

  test("our own frames sent back to us are refused", () => {
    const dialler = new End("dialler", 0);
    dialler.receive(dialler.poll()[0]!);
    dialler.poll();
    expect(dialler.code).toBe("bad_digest");
  });

  test("a recorded lane is of no use against a new nonce", () => {
    const recorded = drive(...pair()).filter(({ from }) => from === "dialler");
    const acceptor = new LaneHandshake({
      dial: undefined,
      nonce: new Uint8Array(32).fill(9),
      digest,
      exporter: EXPORTER,
      deadline: 1,
    });
    for (const { bytes } of recorded) {
      acceptor.handle({ kind: "received", bytes }, 0);
      const output = acceptor.pollOutput();
      if (output?.kind === "need_session")
        acceptor.handle({ kind: "session", laneKey: IDENTITY.laneKey }, 0);
    }
    expect(acceptor.state).toBe("failed");
  });

  test("an acceptor that does not know the session yet answers when it does", () => {
    const dialler = new End("dialler", 1);
    const acceptor = new End("acceptor", 2, "unknown");
    drive(dialler, acceptor);
    expect(acceptor.core.state).toBe("awaiting_session");
    acceptor.core.handle({ kind: "session", laneKey: IDENTITY.laneKey }, 0);
    drive(dialler, acceptor);
    expect(acceptor.established).toBeDefined();
  });

  test("a refusal says why on the other side", () => {
    const dialler = new End("dialler", 1);
    const acceptor = new End("acceptor", 2, "unknown");
    drive(dialler, acceptor);
    acceptor.core.handle({ kind: "refuse", code: "session_over", text: "no such session" }, 0);
    drive(dialler, acceptor);
    expect(dialler.code).toBe("session_over");
    expect(acceptor.code).toBe("session_over");
  });
});

const STATES: readonly [state: string, role: Role, frames: number, expected: number | undefined][] =
  [
    ["awaiting_hello", "acceptor", 0, FrameKind.LANE_HELLO],
    ["awaiting_hello", "dialler", 0, FrameKind.LANE_HELLO],
    ["awaiting_session", "acceptor", 1, undefined],
    ["awaiting_proof", "acceptor", 1, FrameKind.LANE_PROOF],
    ["awaiting_proof", "dialler", 1, FrameKind.LANE_PROOF],
    ["awaiting_ready", "acceptor", 2, FrameKind.LANE_READY],
    ["awaiting_ready", "dialler", 2, FrameKind.LANE_READY],
  ];

describe.each(STATES)("in state %s the %s of a lane", (state, role, frames, expected) => {
  function stopped(): End {
    const record = drive(...pair()).filter(({ from }) => from !== role);
    const end = new End(role, 30, state === "awaiting_session" ? "unknown" : IDENTITY.laneKey);
    end.poll();
    for (const { bytes } of record.slice(0, frames)) {
      end.receive(bytes);
      end.poll();
    }
    expect(end.core.state as string).toBe(state);
    return end;
  }

  test.each(
    Object.entries(FrameKind).filter(([, kind]) => kind !== FrameKind.REFUSE && kind !== expected),
  )("ends as it gets %s", (_name, kind) => {
    const end = stopped();
    end.receive(encodeFrame(new Uint8Array([kind, ...new Uint8Array(60)])));
    end.poll();
    expect(end.code).toBe("unexpected_message");
  });

  test("ends at its deadline or when the connection closes, and stays ended", () => {
    for (const input of [undefined, { kind: "closed" } satisfies LaneHandshakeInput]) {
      const end = stopped();
      if (input === undefined) {
        end.core.handleTimeout(6_999);
        expect(end.core.state as string).toBe(state);
        end.core.handleTimeout(7_000);
      } else end.core.handle(input, 0);
      end.poll();
      expect(end.code).toBe(input === undefined ? "handshake_timeout" : "closed_by_peer");
      end.core.handle({ kind: "received", bytes: new Uint8Array([1]) }, 0);
      end.core.handleTimeout(9_999);
      expect(end.poll()).toEqual([]);
    }
  });
});

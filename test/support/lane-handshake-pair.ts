import {
  LaneHandshake,
  type LaneHandshakeOutput,
} from "../../src/session/handshake/lane-handshake.ts";
import { FrameKind } from "../../src/wire/frame.ts";
import { digest } from "./digest.ts";
import { EXPORTER } from "./handshake-pair.ts";

/** The frames of one lane handshake between fixed ends, by name and in order. */
export function laneHandshake(): readonly (readonly [name: string, bytes: Uint8Array])[] {
  const identity = {
    session: new Uint8Array(16).fill(0xf5),
    lane: 2,
    laneKey: new Uint8Array(32).fill(0x1a),
  };
  const core = (role: "dialler" | "acceptor") =>
    new LaneHandshake({
      dial: role === "dialler" ? identity : undefined,
      nonce: new Uint8Array(32).fill(role === "dialler" ? 1 : 2),
      digest,
      exporter: EXPORTER,
      deadline: 7_000,
    });
  const ends = { dialler: core("dialler"), acceptor: core("acceptor") };
  const frames: (readonly [string, Uint8Array])[] = [];
  for (let moved = true; moved;) {
    moved = false;
    for (const role of ["dialler", "acceptor"] as const) {
      const [end, other] =
        role === "dialler" ? [ends.dialler, ends.acceptor] : [ends.acceptor, ends.dialler];
      for (let output = end.pollOutput(); output !== undefined; output = end.pollOutput()) {
        moved = true;
        if (output.kind === "send") {
          frames.push([`${kindName(output.bytes[4]!)} of the ${role}`, output.bytes]);
          other.handle({ kind: "received", bytes: output.bytes }, 0);
        } else answer(end, output, identity.laneKey);
      }
    }
  }
  return frames;
}

function answer(end: LaneHandshake, output: LaneHandshakeOutput, laneKey: Uint8Array): void {
  if (output.kind === "need_session") end.handle({ kind: "session", laneKey }, 0);
  if (output.kind === "need_received") end.handle({ kind: "ready", received: 300 }, 0);
}

function kindName(kind: number): string {
  return Object.entries(FrameKind).find(([, value]) => value === kind)![0];
}

import { describe, expect, test } from "bun:test";

import {
  Registry,
  type RegistryInput,
  type RegistryOutput,
} from "../../src/cluster/registry/registry.ts";
import {
  encodeRegistryAnswer,
  type Registration,
  type RegistryAnswer,
} from "../../src/cluster/registry/registry-message.ts";

const OWN: Registration = {
  name: "a@127.0.0.1",
  creation: 7,
  port: 4_369,
  advertisedPort: 4_369,
  listenHost: "127.0.0.1",
};

/** A node's part in the registry at a time of the test's own. */
class Part {
  now = 0;
  readonly core = new Registry(OWN, () => 0.5);

  after(...inputs: readonly RegistryInput[]): readonly string[] {
    for (const input of inputs) this.core.handle(input, this.now);
    return this.#outputs();
  }

  /** Lets time pass until the next deadline. */
  wait(): readonly string[] {
    this.now = this.core.pollTimeout() ?? this.now;
    this.core.handleTimeout(this.now);
    return this.#outputs();
  }

  #outputs(): readonly string[] {
    const said: RegistryOutput[] = [];
    for (let out = this.core.pollOutput(); out; out = this.core.pollOutput()) said.push(out);
    return said.map((out) => {
      if (out.kind === "settled") return out.holding ? "settled, holding" : "settled";
      if (out.kind === "taken") return `taken by port ${out.port}`;
      return out.kind === "unavailable" ? `unavailable: ${out.reason}` : out.kind;
    });
  }
}

const START: RegistryInput = { kind: "start" };
const IN_USE: RegistryInput = { kind: "not_listening", reason: "in use" };
const LOST: RegistryInput = { kind: "lost", reason: "refused" };
const answer = (said: RegistryAnswer): RegistryInput => ({
  kind: "received",
  bytes: encodeRegistryAnswer(said),
});

describe("a node's part in the registry", () => {
  test("the first node of a host holds the port", () => {
    const part = new Part();
    expect(part.after(START)).toEqual(["claim"]);
    expect(part.after({ kind: "listening" })).toEqual(["settled, holding"]);
    expect(part.core.pollTimeout()).toBeUndefined();
  });

  test("any other registers with the holder", () => {
    const part = new Part();
    expect(part.after(START, IN_USE)).toEqual(["claim", "join"]);
    expect(part.after({ kind: "joined" })).toEqual(["send"]);
    expect(part.after(answer({ kind: "registered" }))).toEqual(["settled"]);
    expect(part.core.state).toBe("registered");
  });

  test("when the holder goes, the port is claimed at once, and whoever gets it not joins again", () => {
    const part = new Part();
    part.after(START, IN_USE, { kind: "joined" }, answer({ kind: "registered" }));
    expect(part.after(LOST)).toEqual(["claim"]);
    expect(part.after(IN_USE)).toEqual(["join"]);
    // The new holder has bound and does not listen yet.
    expect(part.after(LOST)).toEqual([]);
    expect(part.wait()).toEqual(["claim"]);
    expect(part.after(IN_USE, { kind: "joined" }, answer({ kind: "registered" }))).toEqual([
      "join",
      "send",
      "settled",
    ]);
    expect(part.now).toBeLessThan(1_000);
  });

  test("a name that stays taken is reported once, within a second, and tried again", () => {
    const part = new Part();
    part.after(START);
    const said: string[] = [];
    for (let tries = 0; tries < 6; tries++) {
      part.after(IN_USE, { kind: "joined" });
      said.push(...part.after(answer({ kind: "taken", port: 4_370 })));
      if (said.includes("taken by port 4370")) expect(tries).toBeGreaterThanOrEqual(2);
      if (tries === 2) expect(part.now).toBeLessThan(1_000);
      part.wait();
    }
    expect(said.filter((text) => text === "taken by port 4370")).toHaveLength(1);
  });

  test("a holder that says nothing is given up and does not delay a start by more than half a second", () => {
    const part = new Part();
    part.after(START, IN_USE, { kind: "joined" });
    expect(part.wait()).toEqual(["drop", "unavailable: it does not answer"]);
    expect(part.now).toBeLessThanOrEqual(500);
  });

  test("what is no registry is left alone at once, and said once for as long as it stays", () => {
    const part = new Part();
    const http = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
    part.after(START, IN_USE, { kind: "joined" });
    const reason = "unavailable: what answers there is no registry";
    expect(part.after({ kind: "received", bytes: http })).toEqual(["drop", reason]);
    expect(part.wait()).toEqual(["claim"]);
    part.after(IN_USE, { kind: "joined" });
    expect(part.after({ kind: "received", bytes: http })).toEqual(["drop"]);
  });

  test("tries grow further apart, to five seconds and no more", () => {
    const part = new Part();
    part.after(START);
    let before = 0;
    for (let tries = 0; tries < 20; tries++) {
      before = part.now;
      part.after(IN_USE, LOST);
      part.wait();
    }
    expect(part.now - before).toBe(5_000);
  });

  test("late news of a connection that is gone changes nothing", () => {
    const part = new Part();
    part.after(START, { kind: "listening" });
    for (const late of [
      IN_USE,
      LOST,
      { kind: "joined" } as const,
      answer({ kind: "registered" }),
    ]) {
      expect(part.after(late)).toEqual([]);
      expect(part.core.state).toBe("holding");
    }
  });

  test("an answer may come in any pieces", () => {
    const part = new Part();
    part.after(START, IN_USE, { kind: "joined" });
    const bytes = encodeRegistryAnswer({ kind: "registered" });
    for (const byte of bytes.subarray(0, -1)) {
      expect(part.after({ kind: "received", bytes: Uint8Array.of(byte) })).toEqual([]);
    }
    expect(part.after({ kind: "received", bytes: bytes.subarray(-1) })).toEqual(["settled"]);
  });
});

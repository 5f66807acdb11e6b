import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { RegistryDesk, REGISTRY_NODES_MAX } from "../../src/cluster/registry/registry-desk.ts";
import {
  decodeRegistryAnswer,
  encodeRegistryRequest,
  type Registration,
  type RegistryAnswer,
  type RegistryRequest,
} from "../../src/cluster/registry/registry-message.ts";
import { FRAME_PREFIX_BYTES } from "../../src/wire/frame.ts";

function registration(name: string, creation = 1, port = 5_000): Registration {
  return { name, creation, port, advertisedPort: port + 1_000, listenHost: "127.0.0.1" };
}

/** A desk whose clients say one thing each. */
class Host {
  readonly desk = new RegistryDesk(registration("holder@h", 1, 4_000));
  #last = 0;

  /** A new client: its id, the answers it gets, and what becomes of it. */
  ask(request: RegistryRequest | Uint8Array, isLocal = true) {
    const id = ++this.#last;
    this.desk.opened(id, isLocal);
    const bytes = request instanceof Uint8Array ? request : encodeRegistryRequest(request);
    const { answers, after } = this.desk.received(id, bytes);
    const said = answers.map((frame) =>
      decodeRegistryAnswer(frame, FRAME_PREFIX_BYTES, frame.length),
    );
    if (after !== "keep") this.desk.closed(id);
    return { id, said, after };
  }

  register(name: string, creation = 1, port = 5_000) {
    return this.ask({ kind: "register", registration: registration(name, creation, port) });
  }

  get names(): readonly string[] {
    const { said } = this.ask({ kind: "names" });
    return said.flatMap((answer) => (answer.kind === "name" ? [answer.node.name] : []));
  }
}

const only = (answers: readonly RegistryAnswer[]): RegistryAnswer | undefined =>
  answers.length === 1 ? answers[0] : undefined;

describe("the desk of a registry", () => {
  test("finds the holder and whoever registered, and nobody else", () => {
    const host = new Host();
    host.register("a@h", 1, 5_000);
    const find = (name: string) => only(host.ask({ kind: "resolve", name }).said);
    expect(find("holder@h")).toEqual({ kind: "found", port: 4_000 });
    expect(find("a@h")).toEqual({ kind: "found", port: 5_000 });
    expect(find("b@h")).toEqual({ kind: "unknown" });
  });

  test("another host is told the advertised port, and may neither list nor register", () => {
    const host = new Host();
    host.register("a@h", 1, 5_000);
    const far = (request: RegistryRequest) => only(host.ask(request, false).said);
    expect(far({ kind: "resolve", name: "a@h" })).toEqual({ kind: "found", port: 6_000 });
    expect(far({ kind: "names" })).toEqual({ kind: "refused", code: "not_local" });
    const stranger: RegistryRequest = { kind: "register", registration: registration("x@h") };
    expect(far(stranger)).toEqual({ kind: "refused", code: "not_local" });
    expect(host.names).toEqual(["a@h", "holder@h"]);
  });

  test("a name lasts for as long as its connection", () => {
    const host = new Host();
    const { id, after } = host.register("a@h");
    expect(after).toBe("keep");
    expect(host.names).toEqual(["a@h", "holder@h"]);
    host.desk.closed(id);
    expect(host.names).toEqual(["holder@h"]);
    expect(host.desk.size).toBe(0);
  });

  test("a name of a living other node is refused with its port, the holder's own as well", () => {
    const host = new Host();
    host.register("a@h", 1, 5_000);
    expect(only(host.register("a@h", 2, 5_001).said)).toEqual({ kind: "taken", port: 5_000 });
    expect(only(host.register("holder@h", 2).said)).toEqual({ kind: "taken", port: 4_000 });
  });

  test("the same incarnation may register anew, and its old connection then takes nothing with it", () => {
    const host = new Host();
    const first = host.register("a@h", 1, 5_000);
    expect(host.register("a@h", 1, 5_000).after).toBe("keep");
    host.desk.closed(first.id);
    expect(host.names).toEqual(["a@h", "holder@h"]);
  });

  test("whoever registered and goes on talking is sent away", () => {
    const host = new Host();
    const { id } = host.register("a@h");
    expect(host.desk.received(id, Uint8Array.of(0)).after).toBe("close");
  });

  test("there is room for so many nodes and no more", () => {
    const host = new Host();
    for (let count = 1; count < REGISTRY_NODES_MAX; count++) host.register(`n${count}@h`);
    expect(only(host.register("late@h").said)).toEqual({ kind: "refused", code: "full" });
    expect(host.names).toHaveLength(REGISTRY_NODES_MAX);
  });

  test("it knows on which addresses the nodes of the host listen", () => {
    const host = new Host();
    const wide = { ...registration("w@h"), listenHost: "0.0.0.0" };
    const { id } = host.ask({ kind: "register", registration: wide });
    expect(host.desk.listenHosts).toEqual(["127.0.0.1", "0.0.0.0"]);
    host.desk.closed(id);
    expect(host.desk.listenHosts).toEqual(["127.0.0.1"]);
  });

  test("another version is told so", () => {
    const host = new Host();
    const bytes = encodeRegistryRequest({ kind: "names" });
    bytes[FRAME_PREFIX_BYTES + 1] = 2;
    const refused = { kind: "refused", code: "version_unsupported" } as const;
    expect(only(host.ask(bytes).said)).toEqual(refused);
  });

  test("a request may come in any pieces, and cut short it is waited for", () => {
    const bytes = encodeRegistryRequest({ kind: "register", registration: registration("a@h") });
    const { desk } = new Host();
    desk.opened(1, true);
    for (const byte of bytes.subarray(0, -1)) {
      expect(desk.received(1, Uint8Array.of(byte)).after).toBe("wait");
    }
    expect(desk.received(1, bytes.subarray(-1)).after).toBe("keep");
  });

  test("no bytes do harm: a client gets at most one request served", () => {
    const host = new Host();
    const frames = fc.uint8Array({ maxLength: 400 }).map((body) => {
      const frame = new Uint8Array(FRAME_PREFIX_BYTES + body.length);
      new DataView(frame.buffer).setUint32(0, body.length, true);
      frame.set(body, FRAME_PREFIX_BYTES);
      return frame;
    });
    const near = fc.tuple(fc.nat(2), fc.nat(300), fc.nat(255)).map(([which, at, byte]) => {
      const requests: readonly RegistryRequest[] = [
        { kind: "register", registration: registration("a@h") },
        { kind: "resolve", name: "a@h" },
        { kind: "names" },
      ];
      const bytes = encodeRegistryRequest(requests[which]!);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const input = fc.oneof(fc.uint8Array({ maxLength: 64 }), frames, near);
    fc.assert(
      fc.property(input, (bytes) => {
        const { id, said, after } = host.ask(bytes);
        if (after === "wait") expect(said).toEqual([]);
        if (after === "keep") host.desk.closed(id);
        expect(host.desk.size).toBe(0);
      }),
      { numRuns: 2_000 },
    );
    expect(host.names).toEqual(["holder@h"]);
  });
});

import { describe, expect, test } from "bun:test";

import { webHost } from "../../src/bun/web-server.ts";
import type { WebSocketEnd } from "../../src/port/web.ts";
import { until } from "../e2e/support/until.ts";
import { frameOf, OPCODE_TEXT, Raw } from "../program/web-clients.ts";

const OPCODE_MORE = 0;
const OPCODE_BYTES = 2;
const OPCODE_CLOSE = 8;

/** A server whose sockets report how they were closed; `opened` is called with each. */
function serve(opened: (end: WebSocketEnd) => void = () => undefined) {
  const closed: { readonly code: number; readonly reason: string }[] = [];
  const server = webHost.listen(
    {
      ...{ host: "127.0.0.1", port: 0, isShared: false, tls: undefined },
      ...{ payloadBytes: 1_000, backlogBytes: 64 * 1024, idleMs: 60_000 },
    },
    () => ({
      protocol: undefined,
      upgrade: {
        opened,
        message() {},
        drained() {},
        closed: (code, reason) => void closed.push({ code, reason }),
      },
    }),
  );
  return { port: server.port, closed, [Symbol.dispose]: () => server.stop() };
}

const closeWith = (code: number, reason = ""): Uint8Array =>
  frameOf(OPCODE_CLOSE, new Uint8Array([code >> 8, code & 0xff, ...Buffer.from(reason)]));

describe("a socket that breaks the protocol is reported with the code that its client is told", () => {
  const large = new Uint8Array(2_000);
  const part = new Uint8Array(600);
  test.each([
    ["text that is not UTF-8", [frameOf(OPCODE_TEXT, new Uint8Array([0xff, 0xfe]))], 1007],
    ["a message that is too long", [frameOf(OPCODE_BYTES, large)], 1009],
    [
      "one that is too long in pieces",
      [frameOf(OPCODE_BYTES, part, false), frameOf(OPCODE_MORE, part)],
      1009,
    ],
    ["a frame without a mask", [new Uint8Array([0x81, 1, 65])], 1002],
    ["an opcode that does not exist", [frameOf(3, "x")], 1002],
    ["compression that nobody offered", [frameOf(0x40 | OPCODE_TEXT, "x")], 1002],
    ["the middle of nothing", [frameOf(OPCODE_MORE, "x")], 1002],
    ["a close with a code that may not be sent", [closeWith(1006)], 1002],
    ["a close that ends early", [frameOf(OPCODE_CLOSE, new Uint8Array([3]))], 1002],
  ] as const)("%s", async (_what, frames, code) => {
    using server = serve();
    const client = await Raw.upgrade(server.port);
    for (const frame of frames) client.write(frame);
    await until("closed", () => client.isClosed && server.closed.length > 0);
    expect(client.told?.code).toBe(code);
    expect(server.closed.map((closed) => closed.code)).toEqual([code]);
  });
});

describe("a socket that is closed otherwise is reported as it was", () => {
  test("with the client's code and reason", async () => {
    using server = serve();
    const client = await Raw.upgrade(server.port);
    // A reason that looks like one of the server's own changes nothing.
    client.write(closeWith(4001, "Received too big message"));
    await until("closed", () => server.closed.length > 0);
    expect(server.closed).toEqual([{ code: 4001, reason: "Received too big message" }]);
  });

  test("with 1005 when the client gave none", async () => {
    using server = serve();
    const client = await Raw.upgrade(server.port);
    client.write(frameOf(OPCODE_CLOSE, ""));
    await until("closed", () => server.closed.length > 0);
    expect(server.closed).toEqual([{ code: 1005, reason: "" }]);
  });

  test("with our own code and reason, which the client is told", async () => {
    const ends: WebSocketEnd[] = [];
    using server = serve((end) => void ends.push(end));
    const client = await Raw.upgrade(server.port);
    ends[0]!.close(1008, "not so often");
    await until("closed", () => client.isClosed && server.closed.length > 0);
    expect(client.told).toEqual({ code: 1008, reason: "not so often" });
    expect(server.closed).toEqual([{ code: 1008, reason: "not so often" }]);
  });

  test.each(["loses its connection", "does not read"] as const)(
    "with 1006 when the client %s",
    async (what) => {
      const ends: WebSocketEnd[] = [];
      using server = serve((end) => void ends.push(end));
      const client = await Raw.upgrade(server.port);
      if (what === "loses its connection") client.close();
      else {
        client.pause();
        await until("more waits than may", () => {
          ends[0]!.send(new Uint8Array(64 * 1024));
          return server.closed.length > 0;
        });
      }
      await until("closed", () => server.closed.length > 0);
      expect(server.closed).toEqual([{ code: 1006, reason: "" }]);
      client.close();
    },
  );
});

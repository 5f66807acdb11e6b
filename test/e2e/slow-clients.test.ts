/** Clients of a site that take for ever to say what they want, as real sockets see it. */
import { expect, test } from "bun:test";

import { open } from "../program/sites.ts";
import {
  frameOf,
  inEnvironment,
  OPCODE_TEXT,
  Plain,
  Raw,
  startSites,
  upgradeRequest,
} from "../program/web-clients.ts";
import { webHost } from "../../src/bun/web-server.ts";
import { until } from "./support/until.ts";

inEnvironment();

/** The least that Bun takes. */
const IDLE_MS = 8_000;

/** Bun gives a request 10 s and looks every 4. */
const REQUEST_MS_MAX = 15_000;

test("who drips a request or a hello is closed when the time is over; others are served, and may be silent", async () => {
  await using node = await startSites();
  const { port, url } = await open.address(node, await open.start(node, [0]));
  const silent = await Raw.upgrade(port);
  const dripping = await Raw.dial(port);
  const head = upgradeRequest(port).replace(
    "\r\n\r\n",
    `\r\nX-Filling: ${"x".repeat(400)}\r\n\r\n`,
  );
  const request = dripping.drip(Buffer.from(head), 50);
  const slow = await Raw.upgrade(port, "snow-rooms.1");
  const hello = JSON.stringify({ type: "hello", was: [], rooms: { x: { cursor: {}, ageMs: 1 } } });
  const greeting = slow.drip(frameOf(OPCODE_TEXT, hello), 200);
  const busy = await Raw.upgrade(port, "snow-rooms.1");
  const ping = setInterval(() => busy.say({ type: "ping" }), 200);

  await until("no hello came", () => slow.isClosed && busy.isClosed, 10_000);
  for (const { told } of [slow, busy]) expect(told).toEqual({ code: 1002, reason: "no hello" });
  clearInterval(ping);
  const good = new Plain(url);
  good.socket.addEventListener("open", () => good.socket.send("served"));
  expect(await good.hears(2)).toEqual(["welcome", "served"]);

  await until("the request came too late", () => dripping.isClosed, REQUEST_MS_MAX);
  await Promise.all([request, greeting]);
  // What another protocol has to say, and when, is the application's matter.
  silent.write(frameOf(OPCODE_TEXT, "here"));
  await until("the silent one is answered", () => silent.text.endsWith("here"));
  silent.close();
  await good.close();
});

test("a socket that is silent is pinged: it stays if it answers, and is closed if it does not", async () => {
  const closed: { readonly path: string; readonly code: number }[] = [];
  const server = webHost.listen(
    {
      ...{ host: "127.0.0.1", port: 0, isShared: false, tls: undefined },
      ...{ payloadBytes: 1_000, backlogBytes: 64 * 1024, idleMs: IDLE_MS },
    },
    (request) => ({
      protocol: undefined,
      upgrade: {
        opened() {},
        message() {},
        drained() {},
        closed: (code) => void closed.push({ path: new URL(request.url).pathname, code }),
      },
    }),
  );
  const alive = new Plain(`http://127.0.0.1:${server.port}/alive`);
  await until("open", () => alive.socket.readyState === WebSocket.OPEN);
  const dead = await Raw.upgrade(server.port);
  await until("it is closed", () => dead.isClosed, 2 * IDLE_MS);
  expect(closed).toEqual([{ path: "/", code: 1006 }]);
  expect(alive.closed).toBeUndefined();
  await alive.close();
  server.stop();
});

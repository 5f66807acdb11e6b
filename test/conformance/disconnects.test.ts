/** Senders whose connection is cut again and again by the one they send to. */
import { expect, test } from "bun:test";

import type { Context, Pid } from "../../src/process/api.ts";
import { liveNodes, until } from "../support/live-node.ts";
import type { Any } from "./scenario.ts";

const SENDERS = 32;
const MESSAGES = 20;
/** Disconnects that the test waits for: proof that the window was hit. */
const CUTS_MIN = 5;

test("SD-15 senders finish, and nodes reconnect, while their receiver disconnects them on every message", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const reader = Promise.withResolvers<Pid>();
  const got = new Map<number, number[]>();
  let cuts = 0;
  const read = b.run(async (ctx) => {
    reader.resolve(ctx.self);
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a receive loop
      const message = await ctx.receive();
      if (message === "stop") return;
      got.set(message.sender, [...(got.get(message.sender) ?? []), message.count]);
      if (!ctx.node.list().includes(a.name)) continue;
      cuts++;
      ctx.node.disconnect(a.name);
    }
  });
  const to = a.pid(await reader.promise) as Pid<Any>;
  const senders: Promise<void>[] = [];
  for (let sender = 0; sender < SENDERS; sender++) {
    const body = async (ctx: Context<Any>): Promise<void> => {
      for (let count = 0; count < MESSAGES; count++) {
        ctx.send(to, { sender, count });
        // oxlint-disable-next-line no-await-in-loop -- spread over many connections
        await ctx.sleep(count % 4);
      }
    };
    senders.push(a.scheduler.run(body));
  }
  await Promise.all(senders);
  await until("several disconnects", () => {
    if (cuts < CUTS_MIN) a.caller.send(to, { sender: SENDERS, count: cuts });
    return cuts >= CUTS_MIN;
  });
  b.caller.send(b.pid(to), "stop");
  await read;
  // What arrived of one sender's messages did so in order and once.
  for (const [sender, counts] of got) {
    if (sender === SENDERS) continue;
    expect(counts).toEqual([...new Set(counts)].toSorted((x, y) => x - y));
  }
  expect(a.log.concat(b.log).filter(({ level }) => level === "error")).toEqual([]);
});

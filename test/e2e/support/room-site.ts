/** A site with one room for everybody, and a publisher on each scheduler, for nodes of the executable. */
import { define, defineWeb, room, type Context } from "snow-node";

/** What publishers say: who it is and how much it has said. */
export interface Tick {
  readonly by: string;
  readonly n: number;
  /** So that messages have a size. */
  readonly pad: string;
}

const PAD = "x".repeat(60);
const lobby = room<Tick>("lobby");
const port = Number(process.env["ROOM_PORT"] ?? 0);
const everyMs = Number(process.env["ROOM_EVERY_MS"] ?? 100);
const schedulers = Number(process.env["ROOM_SCHEDULERS"] ?? 2);

const nameOf = (scheduler: number): string => `publisher/${scheduler}`;

/** Counts in the room until it is told to stop. */
export const publisher = define("room-publisher", async (ctx: Context<{ type: "stop" }>) => {
  const by = ctx.self.toString();
  for (let n = 1; ; n++) {
    ctx.rooms.publish(lobby, { by, n, pad: PAD });
    if ((await ctx.receive("stop", { timeoutMs: everyMs })) !== undefined)
      return ctx.sleep(Infinity);
  }
});

/** One publisher on each scheduler. */
export const publishers = define("room-publishers", async (ctx: Context<never>) => {
  for (let scheduler = 1; scheduler <= schedulers; scheduler++) {
    await ctx.spawnOn({ scheduler }, publisher, [], { name: nameOf(scheduler) });
  }
  await ctx.sleep(Infinity);
});

/** `stop` as a message stops the publishers of this node; `count` is answered with the members. */
export const site = defineWeb("room-site", {
  listen: { port },
  socket: {
    message: (ctx, socket, data) => {
      if (data === "count") return socket.send(ctx.rooms.count(lobby));
      if (data !== "stop") return undefined;
      for (let scheduler = 1; scheduler <= schedulers; scheduler++) {
        ctx.send(nameOf(scheduler), { type: "stop" });
      }
    },
  },
  authorize: { join: () => true, publish: () => true },
  limits: { socketsPerAddress: 100_000 },
});

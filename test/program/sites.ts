/** Sites for tests, loaded on every scheduler of their nodes. */
import { define, defineWeb, type Context, type RoomChange, type Socket } from "../../src/index.ts";

/** Everything is allowed, and what a client says comes back. */
export const open = defineWeb("open site", {
  listen: (_ctx, port: number = 0) => ({ port }),
  fetch: (ctx, request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/where") return new Response(ctx.self.toString());
    if (pathname === "/fail") throw new Error("as expected");
    return new Response(`you asked for ${pathname}`);
  },
  socket: {
    open: (_ctx, socket) => void socket.send("welcome"),
    message: (_ctx, socket, data) => {
      if (data === "fail") throw new Error("as expected");
      if (data === "join") return socket.join("given");
      if (data === "where") return socket.send(_ctx.self.toString());
      return socket.send(data);
    },
  },
  authorize: { join: () => true, publish: () => true },
});

/** Lets in who has a name; only rooms of that name, and nothing is published in them by clients. */
export const guarded = defineWeb<"guarded site", [], { readonly name: string }>("guarded site", {
  listen: { port: 0 },
  socket: {
    message: (_ctx, socket, data) => void socket.send(`${socket.data.name}: ${String(data)}`),
  },
  authorize: {
    connect: async (_ctx, request) => {
      const name = new URL(request.url).searchParams.get("name");
      return name === null ? false : { name };
    },
    join: async (_ctx, socket, room) => room === socket.data.name,
  },
  origins: ["https://friend.example"],
  limits: {
    payloadBytes: 1_000,
    roomsPerSocket: 2,
    requestsPerSecond: 5,
    requestsBurst: 20,
    socketsPerAddress: 3,
  },
});

/** Lets in one client for each address, once the test has opened the door for it. */
export const patient = defineWeb("patient site", {
  listen: { port: 0 },
  socket: { open: (_ctx, socket) => void socket.send("welcome") },
  authorize: {
    connect: () => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      doors.push(() => resolve({}));
      return promise;
    },
  },
  limits: { socketsPerAddress: 1 },
});

/** Clients of the patient site that have asked, each with its door. */
export const doors: (() => void)[] = [];

/** A process for each socket: counts what its client says, and ends when that is "end". */
export const counting = defineWeb("counting site", {
  listen: { port: 0 },
  socket: {
    process: async (ctx, socket: Socket) => {
      let count = 0;
      ctx.register("counting");
      socket.send("ready");
      for await (const { data } of ctx.messages()) {
        if (data === "end") return;
        if (data === "crash") throw new Error("as expected");
        socket.send(`${++count} ${String(data)}`);
      }
    },
  },
});

/** Publishes on whatever scheduler it is spawned. */
export const shout = define("shout", async (ctx: Context<never>, room: string, event: unknown) => {
  ctx.rooms.publish(room, event);
});

/** Reports who comes to a room and goes. */
export const doorman = define(
  "doorman",
  async (ctx: Context<RoomChange>, room: string, report: (change: RoomChange) => void) => {
    ctx.rooms.watch(room);
    for await (const change of ctx.messages()) report(change);
  },
);

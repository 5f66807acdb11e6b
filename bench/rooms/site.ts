/**
 * What our nodes run: a site whose sockets join the rooms that they name, and publish bursts when they are asked to. A message
 * of the application is `join room…`, or `burst count rooms first payload-bytes`.
 */
import { defineWeb } from "snow-node";

const port = Number(process.env["ROOM_PORT"] ?? 0);

export const site = defineWeb("bench-site", {
  listen: { port },
  socket: {
    message: async (ctx, socket, data) => {
      const [what, ...rest] = String(data).split(" ");
      if (what === "join") {
        await Promise.all(rest.map((room) => socket.join(room)));
        return socket.send("joined");
      }
      const [count, rooms, first, bytes] = rest.map(Number) as [number, number, number, number];
      const pad = "x".repeat(bytes - STAMP_CHARS);
      for (let i = 0; i < count; i++) {
        const stamp = (performance.timeOrigin + performance.now()).toFixed(3).padEnd(STAMP_CHARS);
        ctx.rooms.publish(`room${(first + i) % rooms}`, stamp + pad);
      }
    },
  },
  authorize: { join: () => true },
  limits: {
    sockets: 100_000,
    socketsPerAddress: 100_000,
    roomsPerSocket: 1_000,
    requestsPerSecond: 1e6,
    requestsBurst: 1e6,
  },
});

/** Characters of a message that say when it was published: milliseconds since 1970. */
const STAMP_CHARS = 20;

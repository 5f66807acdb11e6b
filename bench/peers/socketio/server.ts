/**
 * The same on socket.io 4 with its Redis adapter and its engine for Bun: arguments are the port and Redis's port.
 * Events: `join` with rooms, answered by `joined`; `burst` with count, rooms, first, bytes.
 */
import { Server as Engine } from "@socket.io/bun-engine";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const [port, redisPort] = process.argv.slice(2).map(Number) as [number, number];
const STAMP_CHARS = 20;

const connectRedis = (): Redis => new Redis({ host: "127.0.0.1", port: redisPort });
const io = new Server({ adapter: createAdapter(connectRedis(), connectRedis()) });
const engine = new Engine({ path: "/socket.io/", pingInterval: 60_000, pingTimeout: 60_000 });
io.bind(engine as never);

io.on("connection", (socket) => {
  socket.on("join", (rooms: string[]) => {
    void socket.join(rooms);
    socket.emit("joined");
  });
  socket.on("burst", (count: number, rooms: number, first: number, bytes: number) => {
    const pad = "x".repeat(bytes - STAMP_CHARS);
    for (let i = 0; i < count; i++) {
      const stamp = (performance.timeOrigin + performance.now()).toFixed(3).padEnd(STAMP_CHARS);
      io.to(`room${(first + i) % rooms}`).emit("m", stamp + pad);
    }
  });
});

Bun.serve({ hostname: "127.0.0.1", port, ...engine.handler() } as never);
console.log("ready");

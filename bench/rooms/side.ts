/** Three nodes of one system, and clients of theirs: what both systems are measured through. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { ACTORS, BinaryCluster } from "../../test/e2e/support/binary-cluster.ts";
import type { Folder } from "../../test/e2e/support/folder.ts";
import { steadyPort } from "../../test/e2e/support/free-port.ts";
import { Program } from "../../test/e2e/support/program.ts";
import { RawSocket } from "./raw-socket.ts";

const HOSTS = ["127.0.0.1"];
const NODES = 3;
const PAYLOAD_BYTES = 100;

export interface RoomSide extends AsyncDisposable {
  readonly label: string;
  /** Process ids of the nodes. */
  readonly pids: readonly number[];
  /** Opens a socket to a node; `message` is called for each message of a room, with where its payload begins. */
  connect(node: number, message: (bytes: Uint8Array, start: number) => void): Promise<RoomSocket>;
}

export interface RoomSocket {
  join(rooms: readonly string[]): Promise<void>;
  /** Has its node publish so many messages, one after the other in rooms `first`, `first + 1`, … of so many. */
  burst(count: number, rooms: number, first: number): void;
  close(): void;
}

/** Megabytes of memory of a process. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

export async function startSnow(): Promise<RoomSide> {
  const cluster = await BinaryCluster.start();
  const ports: number[] = [];
  const pids: number[] = [];
  for (const letter of ["a", "b", "c"]) {
    const port = await steadyPort(HOSTS);
    const node = await cluster.add(letter, {
      modules: [ACTORS, resolve(import.meta.dir, "site.ts")],
      schedulers: 1,
      start: ["look", "bench-site"],
      env: { ROOM_PORT: String(port) },
    });
    ports.push(port);
    pids.push(node.program.pid);
  }
  await cluster.meshed();
  return {
    label: "snow-node",
    pids,
    connect: (node, message) => connectSnow(ports[node]!, message),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

const M = "m".charCodeAt(0);
const S = "s".charCodeAt(0);
const NEWLINE = "\n".charCodeAt(0);

async function connectSnow(
  port: number,
  message: (bytes: Uint8Array, start: number) => void,
): Promise<RoomSocket> {
  let answered: (() => void) | undefined;
  const answer = (): Promise<void> => new Promise((done) => (answered = done));
  const socket = await RawSocket.open(port, "/", "snow-rooms.1", {
    frame: (bytes, start, end) => {
      if (bytes[start] === M) message(bytes, bytes.indexOf(NEWLINE, start) + 1);
      else if (bytes[start] === S) answered?.();
      else if (end - start > 20 && bytes[start + 9] === "w".charCodeAt(0)) answered?.();
    },
  });
  const welcome = answer();
  socket.send(JSON.stringify({ type: "hello", was: [], rooms: {} }));
  await welcome;
  return {
    async join(rooms) {
      const joined = answer();
      socket.send(`st\njoin ${rooms.join(" ")}`);
      await joined;
    },
    burst: (count, rooms, first) =>
      socket.send(`st\nburst ${count} ${rooms} ${first} ${PAYLOAD_BYTES}`),
    close: () => socket.close(),
  };
}

/** Undefined, and a line that says so, where there is no redis-server. */
export async function startSocketIo(folder: Folder): Promise<RoomSide | undefined> {
  if (Bun.which("redis-server") === null) {
    console.error("rooms: not compared with socket.io: no redis-server here");
    return undefined;
  }
  const options = { cwd: folder.path, home: folder.path };
  const redisPort = await steadyPort(HOSTS);
  const redis = new Program(
    [
      "redis-server",
      "--port",
      String(redisPort),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
    ],
    options,
  );
  await redis.lines.waitFor("Ready to accept connections");
  const programs: Program[] = [redis];
  const ports: number[] = [];
  for (let node = 0; node < NODES; node++) {
    const port = await steadyPort(HOSTS);
    const server = resolve(import.meta.dir, "../peers/socketio/server.ts");
    const program = new Program(
      [process.execPath, server, String(port), String(redisPort)],
      options,
    );
    await program.lines.waitFor("ready");
    programs.push(program);
    ports.push(port);
  }
  return {
    label: "socket.io",
    pids: programs.slice(1).map(({ pid }) => pid),
    connect: (node, message) => connectSocketIo(ports[node]!, message),
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program[Symbol.asyncDispose]()));
    },
  };
}

/** `42["m","` */
const EVENT_HEAD = 8;
const FOUR = "4".charCodeAt(0);
const TWO = "2".charCodeAt(0);
const QUOTE = '"'.charCodeAt(0);

async function connectSocketIo(
  port: number,
  message: (bytes: Uint8Array, start: number) => void,
): Promise<RoomSocket> {
  let answered: (() => void) | undefined;
  const answer = (): Promise<void> => new Promise((done) => (answered = done));
  const opened = answer();
  const socket = await RawSocket.open(port, "/socket.io/?EIO=4&transport=websocket", undefined, {
    frame: (bytes, start) => {
      if (bytes[start] === TWO) return socket.send("3");
      if (bytes[start] !== FOUR) return answered?.();
      // An event named by one letter is a message; everything else is an answer.
      if (bytes[start + 1] === TWO && bytes[start + 5] === QUOTE)
        message(bytes, start + EVENT_HEAD);
      else answered?.();
    },
  });
  await opened;
  const connected = answer();
  socket.send("40");
  await connected;
  return {
    async join(rooms) {
      const joined = answer();
      socket.send(`42${JSON.stringify(["join", rooms])}`);
      await joined;
    },
    burst: (count, rooms, first) =>
      socket.send(`42${JSON.stringify(["burst", count, rooms, first, PAYLOAD_BYTES])}`),
    close: () => socket.close(),
  };
}

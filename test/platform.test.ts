/**
 * The platform contract: what the design takes for granted about Bun. When one of these fails after an upgrade of Bun,
 * the code that rests on it is wrong, and its comment names the place. Nothing of ours is tested here.
 */
import { drainMicrotasks } from "bun:jsc";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Socket, TCPSocketListener } from "bun";

import {
  createCa,
  createSelfSigned,
  issueCertificate,
  type KeyPair,
} from "../src/bun/tls/certificate.ts";

const HOST = "127.0.0.1";
const LABEL = "EXPORTER-platform";
/** Bun's types leave these options out. */
type Tls = Record<string, unknown>;

interface Ends {
  client: Socket;
  server: Socket;
  listener: TCPSocketListener;
  /** Every event of both ends, in order: `client open`, `server data 5`. */
  events: string[];
  received: Buffer[];
  close(): void;
}

interface Setup {
  listen: Tls | undefined;
  dial: Tls | undefined;
  /** Called at every event before it is noted. */
  at?: (event: string, socket: Socket) => void;
  /** What the test waits for. */
  until: readonly string[];
}

/** Connects two sockets and waits until the events of `until` have all happened. */
async function connect({ listen, dial, at, until }: Setup): Promise<Ends> {
  const events: string[] = [];
  const received: Buffer[] = [];
  const sockets: { client?: Socket; server?: Socket } = {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const handlers = (side: "client" | "server") => {
    const note =
      (event: string) =>
      (socket: Socket, ...rest: unknown[]) => {
        sockets[side] = socket;
        at?.(`${side} ${event}`, socket);
        const error = rest.at(-1) as { code?: string } | null | undefined;
        const detail = event === "handshake" ? ` ${String(rest[0])} ${error?.code ?? "-"}` : "";
        events.push(`${side} ${event}${detail}`);
        if (until.every((wanted) => events.some((seen) => seen.startsWith(wanted)))) resolve();
      };
    return {
      open: note("open"),
      handshake: note("handshake"),
      drain: note("drain"),
      end: note("end"),
      close: note("close"),
      error: note("error"),
      data(socket: Socket, bytes: Buffer) {
        received.push(bytes);
        note("data")(socket);
      },
    };
  };
  const tls = (options: Tls | undefined) => (options === undefined ? {} : { tls: options });
  const listener = Bun.listen({
    hostname: HOST,
    port: 0,
    ...tls(listen),
    socket: handlers("server"),
  });
  const dialled = await Bun.connect({
    hostname: HOST,
    port: listener.port,
    ...tls(dial),
    socket: handlers("client"),
  });
  events.push("connect resolved");
  sockets.client ??= dialled;
  await promise;
  const close = () => {
    sockets.client?.terminate();
    sockets.server?.terminate();
    listener.stop(true);
  };
  return { ...(sockets as { client: Socket; server: Socket }), listener, events, received, close };
}

let own: KeyPair;
let authority: KeyPair;
let certified: KeyPair;
let directory: string;
beforeAll(async () => {
  own = await createSelfSigned({ name: "platform", days: 1 });
  authority = await createCa({ name: "platform", days: 1 });
  certified = await issueCertificate(authority, { name: "platform", hosts: [HOST], days: 1 });
  directory = mkdtempSync(join(tmpdir(), "snow-platform-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const auto = () => ({
  listen: { ...own, minVersion: 0x0304 },
  dial: { rejectUnauthorized: false, minVersion: 0x0304 },
});
const both = ["client handshake", "server handshake"];

describe("TLS sockets", () => {
  test("Bun.connect resolves and `open` fires before TLS stands; `handshake` says when it does", async () => {
    const ends = await connect({ ...auto(), until: both });
    const order = ["client open", "connect resolved", "client handshake"].map((wanted) =>
      ends.events.findIndex((event) => event.startsWith(wanted)),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
    ends.close();
  });

  test("a write before the handshake takes nothing", async () => {
    const taken: number[] = [];
    const at = (event: string, socket: Socket) => {
      if (event.endsWith("open")) taken.push(socket.write(Buffer.from("early"), 0, 5));
    };
    const ends = await connect({ ...auto(), at, until: both });
    expect(taken).toEqual([0, 0]);
    expect(ends.received).toEqual([]);
    ends.close();
  });

  test("the exporter is equal on both ends and another on every connection", async () => {
    const seen: string[] = [];
    for (let count = 0; count < 2; count++) {
      const ends = await connect({ ...auto(), until: both });
      const ours = ends.client.exportKeyingMaterial(32, LABEL, Buffer.alloc(0)).toString("hex");
      expect(ends.server.exportKeyingMaterial(32, LABEL, Buffer.alloc(0)).toString("hex")).toBe(
        ours,
      );
      expect(
        ends.client.exportKeyingMaterial(32, `${LABEL}-other`, Buffer.alloc(0)).toString("hex"),
      ).not.toBe(ours);
      seen.push(ours);
      ends.close();
    }
    expect(seen[0]).not.toBe(seen[1]);
  });

  test("the flags of `handshake`: a chain that nobody vouches for is an error, not always a failure", async () => {
    const ends = await connect({ ...auto(), until: both });
    expect(ends.events).toContain("client handshake false UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(ends.events).toContain("server handshake true UNABLE_TO_GET_ISSUER_CERT");
    expect(ends.client.getTLSVersion()).toBe("TLSv1.3");
    ends.close();
  });

  test("with an authority both ends are authorized and no error is reported", async () => {
    const mutual = {
      ...certified,
      ca: authority.cert,
      rejectUnauthorized: true,
      minVersion: 0x0304,
    };
    const ends = await connect({
      listen: { ...mutual, requestCert: true },
      dial: { ...mutual, serverName: HOST },
      until: both,
    });
    expect(ends.events).toContain("client handshake true -");
    expect(ends.events).toContain("server handshake true -");
    expect([ends.client.authorized, ends.server.authorized]).toEqual([true, true]);
    ends.close();
  });

  test("no byte of a peer without the authority's certificate reaches the acceptor", async () => {
    const listen = {
      ...certified,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const at = (event: string, socket: Socket) => {
      if (event === "client handshake") socket.write(Buffer.from("rogue"), 0, 5);
    };
    const ends = await connect({
      listen,
      dial: { ...own, rejectUnauthorized: false },
      at,
      until: ["server close", "client close"],
    });
    expect(ends.received).toEqual([]);
    expect(ends.server.authorized).toBe(false);
    ends.close();
  });

  test("plain text on a TLS port fails the handshake with EPROTO", async () => {
    const at = (event: string, socket: Socket) => {
      if (event === "client open") socket.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"), 0, 18);
    };
    const ends = await connect({
      listen: auto().listen,
      dial: undefined,
      at,
      until: ["server close"],
    });
    expect(ends.events).toContain("server handshake false EPROTO");
    ends.close();
  });
});

describe("sockets", () => {
  test("write(bytes, offset, length) sends that part; write after the end is -1", async () => {
    const ends = await connect({
      listen: undefined,
      dial: undefined,
      until: ["server open", "client open"],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.server.reload({
      socket: {
        data(_socket, bytes) {
          ends.received.push(bytes);
          resolve();
        },
      },
    });
    expect(ends.client.write(Buffer.from("0123456789"), 3, 4)).toBe(4);
    await promise;
    expect(Buffer.concat(ends.received).toString()).toBe("3456");
    ends.client.terminate();
    expect(ends.client.write(Buffer.from("late"), 0, 4)).toBe(-1);
    ends.close();
  });

  test("a full socket takes less than it is given, and `drain` says when to go on", async () => {
    const ends = await connect({
      listen: undefined,
      dial: undefined,
      until: ["server open", "client open"],
    });
    ends.server.pause();
    const drained = Promise.withResolvers<void>();
    ends.client.reload({ socket: { data() {}, drain: () => drained.resolve() } });
    const block = Buffer.alloc(16 * 1024 * 1024);
    expect(ends.client.write(block, 0, block.length)).toBeLessThan(block.length);
    expect(ends.client.write(block, 0, block.length)).toBe(0);
    ends.server.resume();
    await drained.promise;
    ends.close();
  });

  test("received buffers are fresh copies that nobody writes to again", async () => {
    const ends = await connect({ ...auto(), until: both });
    const all = Promise.withResolvers<void>();
    let echoed = 0;
    ends.server.reload({
      socket: {
        data(socket, bytes) {
          ends.received.push(bytes);
          echoed += bytes.length;
          socket.write(Buffer.from("+"), 0, 1);
          if (echoed === 4) all.resolve();
        },
      },
    });
    let next = 0;
    const send = () => next < 4 && ends.client.write(Buffer.from(String(next++)), 0, 1);
    ends.client.reload({ socket: { data: () => void send() } });
    send();
    await all.promise;
    expect(ends.received.map((bytes) => bytes.toString())).toEqual(["0", "1", "2", "3"]);
    expect(new Set(ends.received.map(({ buffer }) => buffer)).size).toBe(4);
    ends.close();
  });

  test("a port in use throws EADDRINUSE, a port without listener rejects with ECONNREFUSED", async () => {
    const socket = { data() {} };
    const listener = Bun.listen({ hostname: HOST, port: 0, socket });
    const { port } = listener;
    expect(() => Bun.listen({ hostname: HOST, port, socket })).toThrow(
      expect.objectContaining({ code: "EADDRINUSE" }),
    );
    listener.stop(true);
    const refused = await Bun.connect({ hostname: HOST, port, socket }).catch(
      (error: unknown) => error,
    );
    expect((refused as { code: string }).code).toBe("ECONNREFUSED");
  });
});

describe("workers", () => {
  const start = () => new Worker(new URL("./support/platform/worker.ts", import.meta.url));
  const next = (worker: Worker) =>
    new Promise<unknown>((resolve) => worker.once("message", resolve));

  test("terminate() ends one that spins", async () => {
    const worker = start();
    const exited = new Promise<number>((resolve) => worker.once("exit", resolve));
    worker.postMessage({ does: "spin" });
    expect(await next(worker)).toBe("spinning");
    void worker.terminate();
    await exited;
  });

  test("process.on keeps one alive through uncaught errors and rejections", async () => {
    const program = join(import.meta.dir, "support/platform/survive.ts");
    const child = Bun.spawn([process.execPath, program], { stdin: "ignore" });
    expect(await child.stdout.text()).toBe("exception: one\nrejection: two\nalive\n");
  });

  test("share memory, and wake each other with Atomics", async () => {
    const shared = new SharedArrayBuffer(8);
    const cells = new Int32Array(shared);
    const worker = start();
    worker.postMessage({ does: "wait", shared });
    const woken = Atomics.waitAsync(cells, 1, 0);
    Atomics.store(cells, 0, 42);
    Atomics.notify(cells, 0);
    expect(await woken.value).toBe("ok");
    expect(Atomics.load(cells, 1)).toBe(42);
    await worker.terminate();
  });

  test("talk to each other over a MessageChannel, past the thread that made it", async () => {
    const { port1, port2 } = new MessageChannel();
    const [listener, speaker] = [start(), start()];
    listener.postMessage({ does: "port", port: port1 }, [port1]);
    speaker.postMessage({ does: "port", port: port2, say: "directly" }, [port2]);
    expect(await next(listener)).toBe("directly");
    await Promise.all([listener.terminate(), speaker.terminate()]);
  });

  test("move buffers instead of copying them", () => {
    const { port1, port2 } = new MessageChannel();
    const buffer = new ArrayBuffer(1024);
    port1.postMessage(buffer, [buffer]);
    expect(buffer.byteLength).toBe(0);
    port1.close();
    port2.close();
  });
});

describe("the language", () => {
  test("drainMicrotasks runs every promise reaction, in order", () => {
    const log: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    const wait = async () => {
      log.push(await promise);
      await Promise.resolve();
      log.push("second");
    };
    void wait();
    resolve("first");
    expect(log).toEqual([]);
    drainMicrotasks();
    expect(log).toEqual(["first", "second"]);
  });

  test("setImmediate lets I/O and timers run, microtasks do not", async () => {
    let fired = false;
    setTimeout(() => (fired = true), 0);
    for (let count = 0; count < 1_000; count++) await Promise.resolve();
    expect(fired).toBe(false);
    const until = performance.now() + 2_000;
    while (!fired && performance.now() < until)
      await new Promise<void>((resolve) => setImmediate(resolve));
    expect(fired).toBe(true);
  });

  test("objects of one literal keep the order of their keys, integers first", () => {
    expect(Object.keys({ b: 1, a: 2, 1: 3 })).toEqual(["1", "b", "a"]);
  });

  test("Buffer's latin1Slice and utf8Write stand on its prototype", () => {
    const buffer = Buffer.alloc(8);
    expect(buffer.utf8Write("añ", 0, 8)).toBe(3);
    expect(buffer.latin1Slice(0, 1)).toBe("a");
    expect(buffer.utf8Slice(0, 3)).toBe("añ");
  });
});

describe("an executable", () => {
  test("keeps names, loads modules from disk with its own classes, and reads nothing from the folder it starts in", async () => {
    const executable = join(directory, "program");
    const program = join(import.meta.dir, "support/platform/program.ts");
    const built = Bun.spawnSync(
      [
        ...[process.execPath, "build", "--compile", "--format=esm", "--bytecode", "--sourcemap"],
        ...["--minify-syntax", "--minify-whitespace"],
        ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
        ...[program, `--outfile=${executable}`],
      ],
      { stdin: "ignore" },
    );
    expect(built.exitCode).toBe(0);
    writeFileSync(join(directory, ".env"), "FROM_DOTENV=1\n");
    writeFileSync(join(directory, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    writeFileSync(join(directory, "preload.ts"), "globalThis.preloaded = true;\n");
    writeFileSync(join(directory, "part.ts"), "export enum Part { one = 41 }\n");
    const user = join(directory, "user.ts");
    writeFileSync(
      user,
      `import { Named } from "platform-node";
       import { Part } from "./part.ts";
       export const made: Named = new Named();
       export const total: number = Part.one + 1;`,
    );
    const child = Bun.spawn([executable, user, "--flag"], { cwd: directory, stdin: "ignore" });
    expect(JSON.parse(await child.stdout.text())).toEqual({
      names: ["counter", "arrow", "Named"],
      sameClass: true,
      total: 42,
      arguments: [user, "--flag"],
      environment: null,
      preloaded: false,
      standalone: true,
      codeGeneration: 2,
    });
    const bun = Bun.spawn([executable, "--version"], {
      env: { ...process.env, BUN_BE_BUN: "1" },
      stdin: "ignore",
    });
    expect((await bun.stdout.text()).trim()).toBe(Bun.version);
  });
});

import { describe, expect, test } from "bun:test";

import { connect, type RoomClient } from "../../src/client.ts";
import type { Context, Down, Node, RoomChange } from "../../src/index.ts";
import { until } from "../e2e/support/until.ts";
import { counting, doorman, doors, guarded, open, patient, shout } from "./sites.ts";
import { inEnvironment, Plain, Raw, startSites as start } from "./web-clients.ts";

inEnvironment();

const startOpen = async (node: Node): Promise<string> =>
  (await open.address(node, await open.start(node, [0]))).url;

describe("a site", () => {
  test("serves requests, the browser's client, and sockets; what fails ends nothing else", async () => {
    await using node = await start();
    const url = await startOpen(node);
    expect(await (await fetch(`${url}page`)).text()).toBe("you asked for /page");
    expect((await fetch(`${url}fail`)).status).toBe(500);
    const client = await (await fetch(`${url}snow-client.js`)).text();
    expect(client).toContain("export");
    expect(client).not.toMatch(/^import /m);
    const [one, two] = [new Plain(url), new Plain(url)];
    await Promise.all([one.hears(1), two.hears(1)]);
    one.socket.send("hello");
    one.socket.send(new Uint8Array([1, 2]));
    expect(await one.hears(3)).toEqual(["welcome", "hello", new Uint8Array([1, 2]).buffer]);
    two.socket.send("fail");
    await until("the socket whose code failed is closed", () => two.closed !== undefined);
    expect(two.closed).toEqual({ code: 1011 });
    one.socket.send("still here");
    expect((await one.hears(4))[3]).toBe("still here");
    await one.close();
  });

  test("on a port that another one has does not start, and says why", async () => {
    await using node = await start();
    const taken = new URL(await startOpen(node)).port;
    const failure = await open.start(node, [Number(taken)]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "init_failed", cause: { code: "address_in_use" } });
  });

  test("serves on every scheduler of its node, and ends on all of them", async () => {
    await using node = await start({ schedulers: 3 });
    const pid = await open.start(node, [0]);
    const { url } = await open.address(node, pid);
    const homes = new Set<string>();
    await until("every scheduler has answered", () => {
      void fetch(`${url}where`, { headers: { connection: "close" } })
        .then((response) => response.text())
        .then((text) => homes.add(/\/(\d+)\./.exec(text)![1]!))
        .catch(() => undefined);
      return homes.size === 3;
    });
    await open.stop(node, pid);
    await until("nobody listens", () => {
      void fetch(url).catch(() => homes.add("refused"));
      return homes.has("refused");
    });
  });

  test("that is killed closes its port and its sockets", async () => {
    await using node = await start();
    const pid = await open.start(node, [0]);
    const { url } = await open.address(node, pid);
    const client = new Plain(url);
    await client.hears(1);
    node.sendExit(pid, "kill");
    await until("the socket is closed", () => client.closed !== undefined);
    expect(await fetch(url).catch(() => "refused")).toBe("refused");
  });
});

describe("a process for each socket", () => {
  test("gets its messages, can be monitored, and ends with it", async () => {
    await using node = await start();
    const { url } = await counting.address(node, await counting.start(node, []));
    const client = new Plain(url);
    await client.hears(1);
    client.socket.send("a");
    client.socket.send("b");
    expect(await client.hears(3)).toEqual(["ready", "1 a", "2 b"]);
    const reason = await node.run(async (ctx: Context<Down>) => {
      ctx.monitor("counting");
      client.socket.close();
      return (await ctx.receive("down")).reason;
    });
    expect(reason).toEqual({ shutdown: "socket_closed" });
  });

  test("closes its socket when it ends: in order, or because it failed", async () => {
    await using node = await start();
    const { url } = await counting.address(node, await counting.start(node, []));
    for (const [say, code] of [
      ["end", 1000],
      ["crash", 1011],
    ] as const) {
      const client = new Plain(url);
      await client.hears(1);
      client.socket.send(say);
      await until("closed", () => client.closed !== undefined);
      expect(client.closed).toEqual({ code });
    }
  });
});

describe("rooms", () => {
  const heardBy = (client: RoomClient, room: string) => {
    const heard: unknown[] = [];
    const joined = Promise.withResolvers<void>();
    const place = client.join(room, {
      message: (event) => heard.push(event),
      joined: () => joined.resolve(),
    });
    return { heard, place, joined: joined.promise };
  };

  test("join sockets of all schedulers, and whoever publishes on any of them", async () => {
    await using node = await start({ schedulers: 2 });
    const url = await startOpen(node);
    const clients = Array.from({ length: 8 }, () => connect(url.replace("http", "ws")));
    const seats = clients.map((client) => heardBy(client, "lobby"));
    await Promise.all(seats.map(({ joined }) => joined));
    await node.spawnOn({ scheduler: 2 }, shout, ["lobby", { from: 2 }]);
    node.rooms.publish("lobby", "text");
    await seats[0]!.place.publish(new Uint8Array([7]));
    await until("all have heard all", () => seats.every(({ heard }) => heard.length === 3));
    for (const { heard } of seats) {
      expect(heard).toContainEqual({ from: 2 });
      expect(heard).toContainEqual("text");
      expect(heard).toContainEqual(new Uint8Array([7]));
    }
    expect(node.rooms.count("lobby")).toBe(8);
    expect(new Set(node.rooms.members("lobby").map(({ socket }) => socket)).size).toBe(8);
    for (const client of clients) client.close();
    await until("the room is empty", () => node.rooms.count("lobby") === 0);
  });

  test("bring to a socket without the protocol what was published, as it is", async () => {
    await using node = await start();
    const url = await startOpen(node);
    const plain = new Plain(url);
    await plain.hears(1);
    plain.socket.send("join");
    await until("in the room", () => node.rooms.count("given") === 1);
    node.rooms.publish("given", { a: 1 });
    node.rooms.publish("given", "text");
    expect(await plain.hears(3)).toEqual(["welcome", '{"a":1}', "text"]);
    const { socket } = node.rooms.members("given")[0]!;
    node.rooms.publish("given", "not for you", { except: socket });
    node.rooms.publish("given", "for you");
    expect((await plain.hears(4))[3]).toBe("for you");
    await plain.close();
  });

  test("show who is there, to clients and to processes", async () => {
    await using node = await start();
    const url = (await startOpen(node)).replace("http", "ws");
    const changes: RoomChange[] = [];
    const done = node.run(async (ctx) => {
      ctx.spawnLink(doorman, ["hall", (change) => void changes.push(change)]);
      await until("both were there and one left", () =>
        changes.some(({ left }) => left.length > 0),
      );
    });
    const one = connect(url);
    const two = connect(url);
    const seen = new Set<string>();
    const hall = one.join("hall", {
      presence: { name: "one" },
      members: () => {
        for (const { presence } of hall.members.values()) seen.add(JSON.stringify(presence));
      },
    });
    two.join("hall", { presence: { name: "two" } });
    await until("one has seen both", () => seen.size === 2);
    expect(node.rooms.presence("hall").map(({ presence }) => presence)).toContainEqual({
      name: "two",
    });
    two.close();
    await until("one sees that two is gone", () => hall.members.size === 1);
    await done;
    expect(changes[0]!.joined).toEqual([]);
    one.close();
  });
});

describe("a client", () => {
  test("gets nothing that it is not allowed, and is told so", async () => {
    await using node = await start();
    const { url } = await guarded.address(node, await guarded.start(node, []));
    expect((await fetch(url)).status).toBe(404);
    const anonymous = new Plain(url);
    await until("refused", () => anonymous.closed !== undefined);
    const anna = connect(`${url.replace("http", "ws")}?name=anna`);
    const refused = Promise.withResolvers<string>();
    anna.join("otto", { refused: refused.resolve });
    expect(await refused.promise).toBe("not_allowed");
    const joined = Promise.withResolvers<void>();
    const room = anna.join("anna", { joined: joined.resolve });
    await joined.promise;
    const failure = await room.publish("x").catch((error: Error) => error.message);
    expect(failure).toBe("not_allowed");
    anna.close();
  });

  test("that goes away while its permission is looked up leaves its place to another", async () => {
    await using node = await start();
    const { url } = await patient.address(node, await patient.start(node, []));
    const first = new Plain(url);
    await until("the author was asked", () => doors.length === 1);
    const second = new Plain(url);
    await until("there is no place", () => second.closed !== undefined);
    first.socket.terminate();
    let third = new Plain(url);
    await until("there is a place again", () => {
      if (third.closed !== undefined) third = new Plain(url);
      return doors.length === 2;
    });
    for (const open of doors) open();
    expect(await third.hears(1)).toEqual(["welcome"]);
    expect(first.heard).toEqual([]);
    await third.close();
  });

  test("of a page of another origin is refused, unless the site knows it", async () => {
    await using node = await start();
    const { url } = await guarded.address(node, await guarded.start(node, []));
    const from = (origin: string) => new Plain(`${url}?name=x`, { headers: { origin } });
    const stranger = from("https://evil.example");
    await until("refused", () => stranger.closed !== undefined);
    const friend = from("https://friend.example");
    const own = from(url.replace(/\/$/, ""));
    await until("both are in", () => [friend, own].every(({ socket }) => socket.readyState === 1));
    await Promise.all([friend.close(), own.close()]);
  });

  test("that asks too often is refused, and closed if it goes on", async () => {
    await using node = await start();
    const { url } = await guarded.address(node, await guarded.start(node, []));
    const flood = new Plain(`${url}?name=x`, ["snow-rooms.1"]);
    await until("open", () => flood.socket.readyState === 1);
    flood.socket.send(JSON.stringify({ type: "hello", was: [], rooms: {} }));
    for (let i = 0; i < 300; i++) flood.socket.send(JSON.stringify({ type: "leave", room: "x" }));
    await until("closed", () => flood.closed !== undefined);
    expect(flood.closed).toEqual({ code: 1008 });
    expect(flood.heard.some((frame) => String(frame).includes('"rate"'))).toBe(true);
  });

  test("may be in so many rooms, send so much at once, and be there so often", async () => {
    await using node = await start();
    const { url } = await guarded.address(node, await guarded.start(node, []));
    const many = [1, 2, 3].map(() => new Plain(`${url}?name=x`));
    await until("three are in", () => many.every(({ socket }) => socket.readyState === 1));
    const fourth = new Plain(`${url}?name=x`);
    await until("the fourth is refused", () => fourth.closed !== undefined);
    many[0]!.socket.send("x".repeat(1_001));
    await until("too long", () => many[0]!.closed !== undefined);
    const fifth = new Plain(`${url}?name=x`);
    await until("there is room again", () => fifth.socket.readyState === 1);
    await Promise.all([many[1]!, many[2]!, fifth].map((client) => client.close()));
  });

  test("that does not read holds up nobody; it is told what it missed, or closed", async () => {
    await using node = await start();
    const { port } = await open.address(node, await open.start(node, [0]));
    const stuck = await Raw.upgrade(port, "snow-rooms.1");
    stuck.say({ type: "hello", was: [], rooms: {} });
    stuck.say({ type: "join", room: "lobby" });
    await until("joined", () => stuck.text.includes('"joined"'));
    const heard: unknown[] = [];
    const quick = connect(`ws://127.0.0.1:${port}/`);
    const joined = Promise.withResolvers<void>();
    quick.join("lobby", { message: (event) => heard.push(event), joined: joined.resolve });
    await joined.promise;
    stuck.pause();
    const text = "x".repeat(64 * 1024);
    // More than its kernel takes and than it may have here, but not so much that it is closed.
    for (let n = 1; n <= 12; n++) {
      for (let i = 0; i < 8; i++) node.rooms.publish("lobby", text);
      await until("the quick one has it", () => heard.length >= n * 8);
      await Bun.sleep(120);
    }
    stuck.resume();
    await until("it is told of a gap", () => stuck.text.includes('"cause":"slow"'));
    node.rooms.publish("lobby", "the end");
    await until("and gets what comes", () => stuck.text.includes("the end"));
    stuck.close();
    quick.close();
  });

  test("that shows too much of itself is refused", async () => {
    await using node = await start();
    const url = (await startOpen(node)).replace("http", "ws");
    const refused = Promise.withResolvers<string>();
    const client = connect(url);
    client.join("lobby", { presence: "x".repeat(5_000), refused: refused.resolve });
    expect(await refused.promise).toBe("too_large");
    client.close();
  });

  for (const [what, frame] of [
    ["bytes for a request", new Uint8Array([9, 9, 9, 9])],
    ["JSON that ends early", '{"type":"hel'],
    ["a join before hello", JSON.stringify({ type: "join", room: "x" })],
    [
      "a cursor of words",
      JSON.stringify({ type: "hello", was: [], rooms: { x: { cursor: { a: "b" }, ageMs: 1 } } }),
    ],
    ["a head without end", "p1 1 t lobby"],
    ["nothing at all", ""],
  ] as const) {
    test(`that sends ${what} is closed, and nobody else notices`, async () => {
      await using node = await start();
      const url = await startOpen(node);
      const good = new Plain(url);
      await good.hears(1);
      const bad = new Plain(url, ["snow-rooms.1"]);
      await until("open", () => bad.socket.readyState === 1);
      bad.socket.send(frame as string);
      await until("closed", () => bad.closed !== undefined);
      expect(bad.closed).toEqual({ code: 1002 });
      good.socket.send("still here");
      expect((await good.hears(2))[1]).toBe("still here");
      await good.close();
    });
  }
});

import { describe, expect, test } from "bun:test";

import { MisuseError } from "../../src/base/error.ts";
import { MOVE_JITTER_MS, SOCKET_HELLO_MS, SOCKET_SLOW_BYTES } from "../../src/base/limits.ts";
import { ProcessRooms } from "../../src/room/process-rooms.ts";
import { FakeSite, nobody } from "./fake-site.ts";
import { RoomsWorld } from "./rooms-world.ts";

describe("joining", () => {
  test.each(["is closed", "leaves"] as const)("is over when the socket %s", async (what) => {
    const world = new RoomsWorld({ seed: 81, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const { socket } = new FakeSite(world.hub("a")).connect();
    let isOver = false;
    const joining = socket.join("lobby").then(() => (isOver = true));
    // The other node has not answered yet.
    await Promise.resolve();
    expect(isOver).toBe(false);
    if (what === "leaves") socket.leave("lobby");
    else socket.closed(1006, "");
    for (let turns = 0; turns < 3; turns++) await Promise.resolve();
    expect(isOver).toBe(true);
    await joining;
  });
});

describe("a client of rooms that does not introduce itself in time", () => {
  test.each(["says nothing", "asks for signs of life"] as const)("and %s is closed", (what) => {
    const world = new RoomsWorld({ seed: 84, nodes: ["a"], schedulers: 1 });
    const site = new FakeSite(world.hub("a"));
    const { socket, end } = site.connect();
    for (let now = 500; now <= SOCKET_HELLO_MS; now += 500) {
      if (what === "asks for signs of life") end.says({ type: "ping" });
      socket.look(now);
    }
    expect(end.closed).toBeUndefined();
    socket.look(SOCKET_HELLO_MS + 1);
    expect(end.closed).toEqual({ code: 1002, reason: "no hello" });
    expect(site.site.sockets).toBe(0);
  });

  test("is one only without its hello, and only with the protocol", () => {
    const world = new RoomsWorld({ seed: 85, nodes: ["a"], schedulers: 1 });
    const site = new FakeSite(world.hub("a"));
    const { socket, end } = site.enter();
    const plain = site.connect("");
    socket.look(SOCKET_HELLO_MS * 100);
    plain.socket.look(SOCKET_HELLO_MS * 100);
    expect(end.closed).toBeUndefined();
    expect(plain.end.closed).toBeUndefined();
  });
});

describe("before its node stops", () => {
  test("every client of rooms is told to move within the same time, others nothing; nobody comes in", () => {
    const world = new RoomsWorld({ seed: 86, nodes: ["a"], schedulers: 1 });
    const fake = new FakeSite(world.hub("a"));
    const clients = [fake.enter(), fake.enter(), fake.connect()];
    const plain = fake.connect("");
    fake.site.move(MOVE_JITTER_MS);
    for (const { end } of clients) {
      expect(end.told).toEqual([{ type: "move", withinMs: MOVE_JITTER_MS }]);
    }
    expect(plain.end.told).toEqual([]);
    expect((fake.site.answer(fake.request(), "10.0.0.2") as Response).status).toBe(503);
    // The node waits for those whom it told.
    expect(fake.site.moving).toBe(3);
    for (const { end } of clients) end.close(1000, "");
    expect(fake.site.moving).toBe(0);
    expect(fake.site.sockets).toBe(1);
  });
});

describe("a slow socket", () => {
  test("gets nothing of a room either that it comes into while it is slow", () => {
    const world = new RoomsWorld({ seed: 82, nodes: ["a"], schedulers: 1 });
    const { socket, end } = new FakeSite(world.hub("a")).connect();
    void socket.join("one");
    expect([...end.topics]).toEqual(["f one"]);
    end.bufferedBytes = SOCKET_SLOW_BYTES + 1;
    socket.look(0);
    expect([...end.topics]).toEqual([]);
    void socket.join("two");
    socket.look(200);
    expect([...end.topics]).toEqual([]);
    end.bufferedBytes = 0;
    socket.look(400);
    expect([...end.topics].toSorted()).toEqual(["f one", "f two"]);
  });
});

test("what other schedulers would refuse to read is refused where it is published", () => {
  const world = new RoomsWorld({ seed: 83, nodes: ["a"], schedulers: 1 });
  const { hub } = world.hub("a");
  const process = { assertRunning() {} } as unknown as ConstructorParameters<
    typeof ProcessRooms
  >[0];
  const rooms = new ProcessRooms(process, { hub, book: nobody, watch() {} });
  const tooMany = new Array<string>(1_025).fill("x.1");
  for (const except of [tooMany, "x".repeat(33), "\u{1f600}", "", [5], 5]) {
    expect(() => rooms.publish("lobby", "text", { except: except as string })).toThrow(MisuseError);
  }
  rooms.publish("lobby", "text", { except: ["x.1", "y.2"] });
  rooms.publish("lobby", "text", { except: "x.1" });
  expect(hub.counts.published).toBe(2);
});

import { describe, expect, test } from "bun:test";

import { MisuseError } from "../../src/base/error.ts";
import { SOCKET_SLOW_BYTES } from "../../src/base/limits.ts";
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

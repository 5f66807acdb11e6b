import { describe, expect, test } from "bun:test";

import { MisuseError } from "../../src/base/error.ts";
import { SOCKET_SLOW_BYTES } from "../../src/base/limits.ts";
import type { WebSocketEnd } from "../../src/port/web.ts";
import { ClientSocket } from "../../src/room/client-socket.ts";
import type { MemberBook } from "../../src/room/member-book.ts";
import { ProcessRooms } from "../../src/room/process-rooms.ts";
import { Site } from "../../src/room/site.ts";
import { RoomsWorld, type TestHub } from "./rooms-world.ts";

const nobody: MemberBook = { enter() {}, leave() {}, members: () => [], count: () => 0 };

/** A browser's end: which topics it is in, and how much waits for it. */
class FakeEnd implements WebSocketEnd {
  readonly address = "";
  bufferedBytes = 0;
  readonly topics = new Set<string>();

  send(): boolean {
    return true;
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  publish(): void {}

  close(): void {}

  terminate(): void {}
}

/** A client of rooms on a site of a hub. */
function connected(world: RoomsWorld, at: TestHub): { socket: ClientSocket; end: FakeEnd } {
  const site = new Site(
    { host: "", port: 0, isShared: false, tls: undefined, slow: "drop", limits: {}, origins: [] },
    {
      request: () => new Response(),
      takesSockets: true,
      connect: () => undefined,
      opened() {},
      message() {},
      closed() {},
      mayJoin: () => true,
      mayPublish: () => true,
    },
    {
      hub: at.hub,
      book: nobody,
      now: () => world.now,
      nextSocket: () => ({ id: "x.1", number: 1 }),
      publish() {},
      closed() {},
      slowed() {},
    },
  );
  const end = new FakeEnd();
  const options = { id: "x.1", number: 1, address: "", data: undefined, isFramed: true, now: 0 };
  const socket = new ClientSocket({ site, ...options });
  socket.opened(end);
  return { socket, end };
}

describe("joining", () => {
  test.each(["is closed", "leaves"] as const)("is over when the socket %s", async (what) => {
    const world = new RoomsWorld({ seed: 81, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const { socket } = connected(world, world.hub("a"));
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
    const { socket, end } = connected(world, world.hub("a"));
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

import { describe, expect, test } from "bun:test";

import { MOVE_JITTER_MS, MOVE_MS_MAX } from "../../src/base/limits.ts";
import { RoomDriver } from "../../src/node/scheduler/rooms/room-driver.ts";
import type { Route } from "../../src/node/scheduler/routes.ts";
import type { WebAnswer, WebListen, WebSocketHandler } from "../../src/port/web.ts";
import { ROOMS_PROTOCOL } from "../../src/room/client-frame.ts";
import type { Process } from "../../src/process/process.ts";
import type { SchedulerServiceWorld } from "../../src/service/service.ts";
import type { NodeRef } from "../../src/term/node-ref.ts";
import { decodeRoomFrame, encodeRoomFrame, type RoomFrame } from "../../src/wire/room-message.ts";
import type { WireRoom } from "../../src/wire/signals/wire-signal.ts";
import { openHandler, FakeEnd } from "../room/fake-site.ts";

const PEER = "b@host";
const SESSION = { number: 5, node: PEER, creation: 7, hidden: false };

/** The rooms of scheduler 1 of a node with one or more, whose web server the test plays. */
function driven() {
  let now = 0;
  let answer: ((request: Request, address: string) => WebAnswer | Promise<WebAnswer>) | undefined;
  const server = { port: 80, publish() {}, refuse() {}, stop() {} };
  const driver = new RoomDriver({
    setup: { index: 1, schedulers: 2, node: "a@host", creation: 1 },
    world: {
      clock: { now: () => now } as never,
      entropy: { bytes: (length) => new Uint8Array(length).fill(1), random: () => 0 },
      log: { write() {} },
      web: {
        listen: (_options: WebListen, answers) => {
          answer = answers;
          return server;
        },
        clientSource: () => Promise.resolve(""),
      },
    },
    link: () => undefined,
  });
  const world = { tell() {}, flushLater() {} } as unknown as SchedulerServiceWorld;
  const { service, api } = driver.join(world);
  const rooms = api.rooms!({ assertRunning() {} } as unknown as Process);
  return {
    driver,
    service,
    rooms,
    openSite: () =>
      api.web!.open(
        {
          host: "",
          port: 80,
          isShared: false,
          tls: undefined,
          slow: "drop",
          limits: {},
          origins: [],
        },
        openHandler,
      ),
    enter: (protocol?: string): FakeEnd => {
      const headers = new Headers({ upgrade: "websocket" });
      if (protocol !== undefined) headers.set("sec-websocket-protocol", protocol);
      const given = answer!(new Request("http://a.example/", { headers }), "10.0.0.1");
      const handler = (given as { readonly upgrade: WebSocketHandler }).upgrade;
      const end = new FakeEnd(handler);
      handler.opened(end);
      return end;
    },
    beatAt: (ms: number): void => driver.beat((now = ms)),
  };
}

/** A lane to the peer, and what was said on it. */
function laneTo(node: string) {
  const said: RoomFrame[] = [];
  const signal = (given: unknown): void =>
    void said.push(decodeRoomFrame((given as WireRoom).body));
  const route = { node, creation: SESSION.creation, ready: true, message() {}, signal } as Route;
  return { route, said };
}

/** The peer follows the room; another scheduler, whose lane it came over, hands it on. */
function asks(driver: RoomDriver): void {
  const ask = { room: "lobby", scheduler: 1, id: 1, ageMs: 0, cursor: new Map() } as const;
  const body = encodeRoomFrame({ kind: "ask", ...ask });
  driver.receive({ kind: "room_control", from: undefined, to: 1, body }, SESSION, 2);
}

describe.each(["a node that is seen", "a hidden node"] as const)("what is said to %s", (which) => {
  const comes = ({ service }: ReturnType<typeof driven>): void => {
    const node = { name: PEER, creation: SESSION.creation } as NodeRef;
    if (which === "a node that is seen") service.nodeUp?.(node);
  };

  test("before its lane is here is kept until then", () => {
    const here = driven();
    comes(here);
    asks(here.driver);
    here.rooms.publish("lobby", "early");
    expect(here.service.size).toBe(1);
    const { route, said } = laneTo(PEER);
    here.driver.routeAdded(route);
    expect(said.map(({ kind }) => kind)).toEqual(["tell", "post"]);
    expect(here.service.size).toBe(0);
    here.rooms.publish("lobby", "late");
    expect(said.map(({ kind }) => kind)).toEqual(["tell", "post", "post"]);
  });

  test("is over with its session, and nothing of it is kept", () => {
    const here = driven();
    comes(here);
    const { route } = laneTo(PEER);
    here.driver.routeAdded(route);
    asks(here.driver);
    here.driver.routeRemoved(route);
    here.driver.nodeDown(PEER, false);
    for (let n = 0; n < 3; n++) here.rooms.publish("lobby", "to nobody");
    expect(here.service.size).toBe(0);
    expect(here.driver.counts.toNodes).toBe(0);
  });

  test("is not kept either when its session ends before its lane is here", () => {
    const here = driven();
    comes(here);
    asks(here.driver);
    expect(here.service.size).toBe(1);
    here.driver.nodeDown(PEER, false);
    here.rooms.publish("lobby", "to nobody");
    expect(here.service.size).toBe(0);
  });
});

describe("before the node stops it waits for its clients to move", () => {
  test("until the last one has gone, and not for those that were not told", () => {
    const here = driven();
    here.openSite();
    const plain = here.enter();
    const clients = [here.enter(ROOMS_PROTOCOL), here.enter(ROOMS_PROTOCOL)];
    let isOver = false;
    here.driver.moveClients(() => (isOver = true));
    const move = { type: "move", withinMs: MOVE_JITTER_MS } as const;
    for (const { told } of clients) expect(told).toEqual([move]);
    here.beatAt(100);
    clients[0]!.close(1000, "");
    here.beatAt(200);
    expect(isOver).toBe(false);
    clients[1]!.close(1000, "");
    here.beatAt(300);
    expect(isOver).toBe(true);
    expect(plain.closed).toBeUndefined();
  });

  test("and no longer than it may, which is longer than they take", () => {
    expect(MOVE_MS_MAX).toBeGreaterThan(MOVE_JITTER_MS);
    const here = driven();
    here.openSite();
    here.enter(ROOMS_PROTOCOL);
    let times = 0;
    here.driver.moveClients(() => times++);
    here.beatAt(MOVE_MS_MAX - 1);
    expect(times).toBe(0);
    here.beatAt(MOVE_MS_MAX);
    here.beatAt(MOVE_MS_MAX + 100);
    expect(times).toBe(1);
  });

  test("and not at all when there is none", () => {
    const here = driven();
    here.openSite();
    here.enter();
    let isOver = false;
    here.driver.moveClients(() => (isOver = true));
    expect(isOver).toBe(true);
  });
});

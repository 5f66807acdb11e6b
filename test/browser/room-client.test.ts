import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";

import { MOVE_JITTER_MS } from "../../src/base/limits.ts";
import { Prng } from "../../src/base/prng.ts";
import { RoomClient } from "../../src/browser/room-client.ts";
import type { ToClient } from "../../src/room/client-frame.ts";

const HERE = "ws://here.example";
const THERE = "ws://there.example";
const HELLO_ID = "x.1";

/** What a browser offers, with a node at its other end that the test plays. */
class FakeWebSocket extends EventTarget {
  static readonly all: FakeWebSocket[] = [];
  readonly url: string;
  isClosed = false;
  binaryType = "";

  constructor(url: string) {
    super();
    this.url = url;
    FakeWebSocket.all.push(this);
  }

  send(): void {}

  close(): void {
    this.isClosed = true;
  }

  hears(frame: ToClient): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}

const real = globalThis.WebSocket;
const random = new Prng(1);

beforeEach(() => {
  globalThis.WebSocket = FakeWebSocket as unknown as typeof WebSocket;
  FakeWebSocket.all.length = 0;
  jest.useFakeTimers();
  spyOn(Math, "random").mockImplementation(() => random.below(1_000_000) / 1_000_000);
});

afterEach(() => {
  globalThis.WebSocket = real;
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Clients that are welcome at `HERE`, and the ends of their sockets. */
function connected(count: number): { clients: RoomClient[]; sockets: FakeWebSocket[] } {
  const clients = Array.from({ length: count }, () => new RoomClient([HERE, THERE], { first: 0 }));
  const sockets = [...FakeWebSocket.all];
  for (const socket of sockets) {
    socket.dispatchEvent(new Event("open"));
    socket.hears({ type: "welcome", socket: HELLO_ID });
  }
  return { clients, sockets };
}

const cameThere = (): number => FakeWebSocket.all.filter(({ url }) => url === THERE).length;

test("clients that are told to move come to the next node spread over the time that they are given", () => {
  const COUNT = 400;
  const PARTS = 8;
  const { clients, sockets } = connected(COUNT);
  for (const socket of sockets) socket.hears({ type: "move", withinMs: MOVE_JITTER_MS });
  // Until its moment has come each of them stays.
  expect(sockets.filter(({ isClosed }) => isClosed)).toEqual([]);
  const came: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    const before = cameThere();
    jest.advanceTimersByTime(MOVE_JITTER_MS / PARTS);
    came.push(cameThere() - before);
  }
  expect(cameThere()).toBe(COUNT);
  expect(sockets.every(({ isClosed }) => isClosed)).toBe(true);
  for (const count of came) {
    expect(count).toBeGreaterThan(COUNT / PARTS / 2);
    expect(count).toBeLessThan((COUNT / PARTS) * 2);
  }
  for (const client of clients) client.close();
});

test("a client that loses its connection before its moment has come moves once", () => {
  const { clients, sockets } = connected(1);
  sockets[0]!.hears({ type: "move", withinMs: MOVE_JITTER_MS });
  sockets[0]!.dispatchEvent(new Event("close"));
  jest.advanceTimersByTime(MOVE_JITTER_MS + 250);
  expect(FakeWebSocket.all.map(({ url }) => url)).toEqual([HERE, THERE]);
  clients[0]!.close();
});

test("a client that is told to move before it is welcome moves all the same", () => {
  const client = new RoomClient([HERE, THERE], { first: 0 });
  const [socket] = FakeWebSocket.all;
  socket!.dispatchEvent(new Event("open"));
  socket!.hears({ type: "move", withinMs: MOVE_JITTER_MS });
  jest.advanceTimersByTime(MOVE_JITTER_MS);
  expect(FakeWebSocket.all.map(({ url }) => url)).toEqual([HERE, THERE]);
  client.close();
});

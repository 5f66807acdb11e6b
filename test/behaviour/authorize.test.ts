/** An author's `authorize` that takes its time, or fails: what that is to its socket, and that it is nothing to others. */
import { describe, expect, test } from "bun:test";

import { SOCKET_WAITING_BYTES_MAX } from "../../src/base/limits.ts";
import { SiteCode, type UntypedWeb } from "../../src/behaviour/web/site-code.ts";
import { ProcessContext } from "../../src/process/context.ts";
import type { Process } from "../../src/process/process.ts";
import type { WebService } from "../../src/process/web-host.ts";
import type { WebAnswer } from "../../src/port/web.ts";
import { FakeSite } from "../room/fake-site.ts";
import { RoomsWorld } from "../room/rooms-world.ts";

type Hooks = NonNullable<UntypedWeb["authorize"]>;

const ADDRESS = "10.0.0.1";
const PLAY = { join: () => true, publish: () => true };

/** A site with these hooks, on a node of its own, and what it logged. */
function siteWith(authorize: Hooks, limits: UntypedWeb["limits"] = {}) {
  const world = new RoomsWorld({ seed: 91, nodes: ["a"], schedulers: 1 });
  const logged: { readonly text: string; readonly error: unknown }[] = [];
  const heard: unknown[] = [];
  const closed: number[] = [];
  const log = (_process: unknown, _level: string, text: string, { error }: { error: unknown }) =>
    logged.push({ text, error });
  // All of a process that a site needs to say that something failed.
  const host = { reports: { log } };
  const ctx = new ProcessContext({ exitReason: undefined, host } as unknown as Process);
  const socket: UntypedWeb["socket"] = {
    message: (_ctx, _socket, data) => heard.push(data),
    close: (_ctx, _socket, code) => closed.push(code),
  };
  const web: UntypedWeb = { listen: { port: 0 }, socket, authorize: { ...PLAY, ...authorize } };
  const code = new SiteCode("site", web, ctx, {} as WebService);
  const site = new FakeSite(world.hub("a"), code, limits);
  return { site, logged, heard, closed, hub: world.hub("a").hub };
}

/** Answers that a test gives when it likes, in the order in which they were asked for. */
class Answers<T> {
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  asked = 0;

  readonly ask = (): Promise<T> => {
    this.asked++;
    const next = Promise.withResolvers<T>();
    this.#waiting.push(next);
    return next.promise;
  };

  async give(answer: T): Promise<void> {
    this.#waiting.shift()!.resolve(answer);
    await turns();
  }

  async fail(error: Error): Promise<void> {
    this.#waiting.shift()!.reject(error);
    await turns();
  }
}

/** All promises that can go on have gone on. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failure = new Error("as expected");
const join = (room: string) => ({ type: "join", room }) as const;
const publish = (id: number, text: string, room = "lobby"): string => `p${id} 0 t ${room}\n${text}`;

const ofType = (told: readonly unknown[], type: string): object[] =>
  told.filter((frame) => (frame as { type?: string }).type === type) as object[];

describe("connect", () => {
  const statusOf = async (answer: WebAnswer | Promise<WebAnswer>): Promise<number> => {
    const given = await answer;
    return given instanceof Response ? given.status : 101;
  };

  test("that is slow holds up its own client only", async () => {
    const answers = new Answers<unknown>();
    const slow = (request: Request) => request.headers.get("x-slow") !== null;
    const { site } = siteWith({
      connect: (_ctx, request) => (slow(request) ? answers.ask() : { name: "quick" }),
    });
    const request = site.request();
    request.headers.set("x-slow", "1");
    const first = site.site.answer(request, ADDRESS);
    const { end } = site.enter();
    end.says(join("lobby"));
    expect(ofType(end.told, "joined")).toHaveLength(1);
    await answers.give({ name: "slow" });
    const upgrade = await first;
    expect(upgrade).toMatchObject({ upgrade: { data: { name: "slow" } } });
  });

  test.each([
    ["throws", (): never => thrown()],
    ["rejects", (): Promise<never> => Promise.reject(failure)],
  ])("that %s is answered with 500 and logged, and takes no place", async (_what, connect) => {
    const { site, logged } = siteWith({ connect }, { socketsPerAddress: 1, sockets: 1 });
    for (let times = 0; times < 3; times++) {
      expect(await statusOf(site.site.answer(site.request(), ADDRESS))).toBe(500);
    }
    expect(logged).toEqual(new Array(3).fill({ text: "a request failed", error: failure }));
  });

  test("is asked for no more clients than there are places, in all and for an address", async () => {
    const answers = new Answers<unknown>();
    const { site } = siteWith({ connect: answers.ask }, { socketsPerAddress: 2, sockets: 3 });
    const ask = (address: string) => site.site.answer(site.request(), address);
    const pending = [ask(ADDRESS), ask(ADDRESS)];
    expect(await statusOf(ask(ADDRESS))).toBe(429);
    pending.push(ask("10.0.0.2"));
    expect(await statusOf(ask("10.0.0.3"))).toBe(503);
    expect(answers.asked).toBe(3);
    await answers.give(false);
    expect(await statusOf(pending[0]!)).toBe(403);
    const another = ask("10.0.0.3");
    for (let times = 0; times < 3; times++) await answers.give(undefined);
    expect(await Promise.all([...pending.slice(1), another].map(statusOf))).toEqual([
      101, 101, 101,
    ]);
  });

  test("that never answers keeps no place for a client that is gone", async () => {
    const answers = new Answers<unknown>();
    const { site } = siteWith({ connect: answers.ask }, { socketsPerAddress: 1, sockets: 1 });
    const client = new AbortController();
    const gone = site.site.answer(site.request(client.signal), ADDRESS);
    expect(await statusOf(site.site.answer(site.request(), ADDRESS))).toBe(429);
    client.abort();
    const next = site.site.answer(site.request(), ADDRESS);
    expect(answers.asked).toBe(2);
    // When it does answer after all, nobody is let in for whom nobody counts.
    await answers.give(undefined);
    expect(await statusOf(gone)).toBe(408);
    expect(site.site.sockets).toBe(0);
    await answers.give(undefined);
    expect(await statusOf(next)).toBe(101);
    expect(site.site.sockets).toBe(1);
    expect(await statusOf(site.site.answer(site.request(), ADDRESS))).toBe(429);
  });

  test("that answers when the site moves its clients away lets in nobody", async () => {
    const answers = new Answers<unknown>();
    const { site } = siteWith({ connect: answers.ask });
    const late = site.site.answer(site.request(), ADDRESS);
    site.site.move(0);
    await answers.give(undefined);
    expect(await statusOf(late)).toBe(503);
    expect(site.site.sockets).toBe(0);
  });

  test("is waited for whatever kind of promise it returns", async () => {
    const { site } = siteWith({ connect: () => foreignPromise(false) });
    expect(await statusOf(site.site.answer(site.request(), ADDRESS))).toBe(403);
  });
});

describe.each(["join", "publish"] as const)("%s", (hook) => {
  const request = (id: number) =>
    hook === "join" ? JSON.stringify(join("lobby")) : publish(id, "hello");

  test("that is slow holds up its own socket only", async () => {
    const answers = new Answers<boolean>();
    const slowFor = new Set<unknown>();
    const { site } = siteWith({
      [hook]: (_ctx: unknown, socket: unknown) => !slowFor.has(socket) || answers.ask(),
    });
    const [slow, quick] = [site.enter(), site.enter()];
    slowFor.add(slow.socket);
    slow.end.says(request(1));
    quick.end.says(request(2));
    const done = hook === "join" ? "joined" : "published";
    expect(ofType(quick.end.told, done)).toHaveLength(1);
    expect(ofType(slow.end.told, done)).toHaveLength(0);
    await answers.give(true);
    expect(ofType(slow.end.told, done)).toHaveLength(1);
  });

  test("keeps what its socket says in order while it is waited for", async () => {
    const answers = new Answers<boolean>();
    const { site, heard } = siteWith({ [hook]: answers.ask });
    const { end } = site.enter();
    end.says(request(1));
    end.says(request(2));
    end.says("st\nfor the application");
    end.says({ type: "leave", room: "lobby" });
    end.says({ type: "ping" });
    const answered = () => end.told.map((frame) => (frame as { type: string }).type);
    // What asks nothing of anybody does not wait.
    expect(answered()).toEqual(["pong"]);
    expect(answers.asked).toBe(1);
    await answers.give(false);
    expect(answers.asked).toBe(2);
    expect(answered()).toEqual(["pong", "refused"]);
    expect(heard).toEqual([]);
    await answers.give(true);
    const after = hook === "join" ? ["joined", "left"] : ["published"];
    expect(answered()).toEqual(["pong", "refused", ...after]);
    expect(heard).toEqual(["for the application"]);
    // And nothing waits any more.
    end.says("st\nat once");
    expect(heard).toEqual(["for the application", "at once"]);
  });

  test.each([
    ["throws", (): never => thrown()],
    ["rejects", (): Promise<never> => Promise.reject(failure)],
  ])("that %s closes its socket with 1011, is logged, and allows nothing", async (_what, ask) => {
    const { site, logged, closed, hub } = siteWith({ [hook]: ask });
    const { end } = site.enter();
    const other = site.enter();
    end.says(request(1));
    await turns();
    expect(end.closed).toEqual({ code: 1011, reason: "internal error" });
    expect(logged).toEqual([{ text: "the code of a socket failed", error: failure }]);
    expect(closed).toEqual([1011]);
    expect(site.published).toEqual([]);
    expect(hub.sizes.rooms).toBe(0);
    expect(other.end.closed).toBeUndefined();
  });

  test("allows nothing but by true", async () => {
    const answers: unknown[] = [
      "yes",
      1,
      {},
      undefined,
      Promise.resolve("yes"),
      foreignPromise(true),
    ];
    const { site } = siteWith({ [hook]: () => answers.shift() as boolean });
    const { end } = site.enter();
    for (let id = 1; id <= 6; id++) end.says(request(id));
    await turns();
    expect(ofType(end.told, "refused")).toHaveLength(5);
    expect(ofType(end.told, hook === "join" ? "joined" : "published")).toHaveLength(1);
  });

  test("is not asked for a socket that has closed meanwhile, and leaves nothing of it", async () => {
    const answers = new Answers<boolean>();
    const { site, heard, hub, logged } = siteWith({ [hook]: answers.ask });
    const { end, socket } = site.enter();
    for (let id = 1; id <= 10; id++) end.says(request(id));
    end.says("st\nfor the application");
    socket.closed(1006, "");
    await answers.give(true);
    expect(answers.asked).toBe(1);
    expect(heard).toEqual([]);
    expect(logged).toEqual([]);
    expect(site.published).toEqual([]);
    expect(hub.sizes.rooms).toBe(0);
    expect(site.site.sockets).toBe(0);
  });
});

test("a client may keep only so much waiting for a permission", async () => {
  const answers = new Answers<boolean>();
  const { site } = siteWith({ publish: answers.ask });
  const { end } = site.enter();
  const text = "x".repeat(100_000);
  const most = 1 + Math.floor(SOCKET_WAITING_BYTES_MAX / text.length);
  for (let id = 1; id <= most; id++) end.says(publish(id, text));
  expect(end.closed).toBeUndefined();
  // What has been allowed makes room.
  await answers.give(true);
  end.says(publish(most + 1, text));
  expect(end.closed).toBeUndefined();
  end.says(publish(most + 2, text));
  expect(end.closed).toEqual({ code: 1008, reason: "too much waits for a permission" });
});

/** One of a library's own making, as some databases return. */
function foreignPromise(value: unknown): object {
  // oxlint-disable-next-line no-thenable -- that is what it is about
  return { then: (take: (value: unknown) => void) => take(value) };
}

function thrown(): never {
  throw failure;
}

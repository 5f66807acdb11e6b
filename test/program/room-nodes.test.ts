/** Rooms of two nodes in this program, as small as a node's limit of messages may be. */
import { expect, test } from "bun:test";

import { ROOM_MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { readMessage, type ToClient, type ToServer } from "../../src/room/client-frame.ts";
import { until } from "../e2e/support/until.ts";
import { freePort } from "../e2e/support/free-port.ts";
import { open } from "./sites.ts";
import { inEnvironment, Plain, startSites } from "./web-clients.ts";

inEnvironment({ SNOW_LIMITS_MESSAGE: "320KiB" });

/** A client of rooms that says each word itself. */
class Framed extends Plain {
  static async hello(url: string, rooms: (ToServer & { type: "hello" })["rooms"]): Promise<Framed> {
    const client = new Framed(url, ["snow-rooms.1"]);
    await until("open", () => client.socket.readyState === WebSocket.OPEN);
    client.say({ type: "hello", was: [], rooms });
    client.say({ type: "join", room: "lobby" });
    await until("joined", () => client.joined !== undefined);
    return client;
  }

  say(request: ToServer): void {
    this.socket.send(JSON.stringify(request));
  }

  get told(): readonly ToClient[] {
    return this.heard
      .filter((frame) => typeof frame === "string" && frame.startsWith("{"))
      .map((frame) => JSON.parse(frame as string) as ToClient);
  }

  get joined(): Extract<ToClient, { type: "joined" }> | undefined {
    return this.told.find((frame) => frame.type === "joined");
  }

  get messages(): readonly (string | Uint8Array)[] {
    return this.heard.flatMap((frame) => {
      const message = readMessage(frame as string);
      return message?.room === "lobby" ? message.payload : [];
    });
  }
}

test("what a client missed comes in as many pieces as it takes, and no message is too long for a room", async () => {
  const port = await freePort(["127.0.0.1"]);
  await using a = await startSites({ name: `a@127.0.0.1:${port}` });
  await using b = await startSites({ name: "b@127.0.0.1:0", seeds: [`a@127.0.0.1:${port}`] });
  const { url } = await open.address(b, await open.start(b, [0]));
  await until("connected", () => a.node.list().length === 1);
  const first = await Framed.hello(url, {});
  const { cursor } = first.joined!;
  expect(Object.keys(cursor)).toHaveLength(2);
  await first.close();
  const sent = Array.from({ length: 8 }, (_none, n) => `${n}${"x".repeat(60_000)}`);
  for (const text of sent) a.rooms.publish("lobby", text);
  const again = await Framed.hello(url, { lobby: { cursor, ageMs: 1_000 } });
  expect(again.messages).toEqual(sent);
  const longest = "y".repeat(ROOM_MESSAGE_BYTES_MAX);
  a.rooms.publish("lobby", longest);
  await until("it has come", () => again.messages.length === sent.length + 1);
  expect(again.messages.at(-1)).toBe(longest);
  expect(again.told.filter(({ type }) => type === "gap")).toEqual([]);
  await again.close();
});

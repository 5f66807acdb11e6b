/** Peers that know the cookie and say what no node says: well-formed words that would cost others much. */
import { expect, test } from "bun:test";

import type { PeerEntry } from "../../src/wire/control-message.ts";
import { Siege } from "./support/siege.ts";
import { Talker } from "./support/talker.ts";

/** Lines that a peer may make a node write, whatever it says. */
const LINES_MAX = 60;

/** As many nodes as a message may name, none of which is there. */
const NOBODIES = Array.from({ length: 65_535 }, (_none, index): PeerEntry => ({
  name: `nobody${index}@127.0.0.1`,
  address: { host: `127.1.${index >> 8}.${index & 255}`, port: 9 },
}));

test("a peer that tells of 65,535 nodes which are not there has a few of them dialled, and holds up nobody", async () => {
  await using siege = await Siege.lay();
  const { target } = siege;
  const from = target.lines.all.length;
  let sessions = 0;
  await siege.withstands(2, async () => {
    using talker = await Talker.join(siege);
    sessions++;
    const before = target.lines.all.length;
    await talker.say({ kind: "peers", peers: NOBODIES });
    await target.lines.waitFor("more nodes than 4096", { from: before });
    await talker.say({ kind: "peers", peers: NOBODIES });
    const { code, stdout } = await target.verb("nodes", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).length).toBeLessThan(100);
  });
  expect(target.log("dial failed").length).toBeGreaterThan(0);
  expect(target.lines.all.length - from).toBeLessThan(LINES_MAX * sessions);
});

test("a table that never fits is told of once in a session, and asked for again and again", async () => {
  await using siege = await Siege.lay();
  await siege.withstands(1, async () => {
    using talker = await Talker.join(siege);
    const from = siege.target.lines.all.length;
    for (const service of [0, 1, 2]) {
      for (let version = 1; version <= 1_000; version++) {
        const state = { version, count: 7, low: 1, high: 1 };
        await talker.sayOf(service, { kind: "same" });
        await talker.sayOf(service, { kind: "digest", state });
      }
    }
    // It is closed when all that was said before has been read.
    await talker.say({ kind: "goodbye", reason: "shutdown", lastFrames: [] });
    await talker.closed;
    const said = siege.target.lines.all.slice(from);
    expect(said.filter(({ text }) => text.includes("has fallen behind"))).toHaveLength(3);
  });
});

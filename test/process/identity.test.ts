/** Pids over many processes, nodes and creations. */
import { expect, test } from "bun:test";

import type { Context } from "../../src/process/api.ts";
import { Identities } from "../../src/term/identities.ts";
import { LOCAL_LIMIT, Pid, SERIAL_LIMIT } from "../../src/term/pid.ts";
import type { Ref } from "../../src/term/ref.ts";
import { decode, encode } from "../../src/term/stf.ts";
import { TestSchedulers } from "../support/two-schedulers.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- messages of many tests
type Any = any;

/** Spawns of ID-05; a million with SNOW_SCALE=1. */
const SPAWNS = process.env["SNOW_SCALE"] === "1" ? 1_000_000 : 100_000;

test("ID-01 pids and refs, near and far, with the smallest and the largest ids, are the same after a round trip", () => {
  const identities = new Identities("a@test", 5);
  const far = identities.nodeRef("b@test", LOCAL_LIMIT - 1);
  const values: (Pid<Any> | Ref)[] = [];
  for (const nodeRef of [identities.local, far]) {
    for (const local of [0, 1, SERIAL_LIMIT + 1, LOCAL_LIMIT - 1]) {
      values.push(identities.pid(nodeRef, local), identities.ref(nodeRef, local));
    }
  }
  const got = decode(encode(values), { identities }) as unknown[];
  for (const [index, value] of values.entries()) expect(got[index]).toBe(value);
});

test("ID-04 pids differ by node, creation and local id, also as keys and as text", () => {
  const identities = new Identities("a@test", 5);
  const pids: Pid<unknown>[] = [];
  for (const name of ["a@test", "b@test"]) {
    for (const creation of [4, 5, 6]) {
      for (const local of [SERIAL_LIMIT + 1, SERIAL_LIMIT + 2]) {
        pids.push(identities.pid(identities.nodeRef(name, creation), local));
      }
    }
  }
  expect(new Set(pids).size).toBe(12);
  expect(new Set(pids.map(String)).size).toBe(12);
  for (const pid of pids) expect(Pid.parse(String(pid), identities)).toBe(pid);
});

test("ID-05 ID-06 processes that end at once all have pids of their own, and none comes again", async () => {
  const node = new TestSchedulers(1, false);
  await node.first.run(async (ctx: Context<Any>) => {
    const first = ctx.spawn(async () => {});
    const seen = new Set<number>([first.local]);
    let ended = 0;
    const body = async (): Promise<void> => {
      ended++;
    };
    for (let count = 1; count <= SPAWNS; count++) {
      seen.add(ctx.spawn(body).local);
      // oxlint-disable-next-line no-await-in-loop -- lets them run
      if (count % 10_000 === 0) await ctx.sleep(0);
    }
    await node.settled();
    expect(ended).toBe(SPAWNS);
    expect(seen.size).toBe(SPAWNS + 1);
  });
  await node.settled();
  expect(node.leaks()).toEqual([]);
});

test("ID-12 pids of many nodes that nobody holds are forgotten", async () => {
  const identities = new Identities("a@test", 5);
  const node = (index: number, creation: number): Pid<unknown> =>
    identities.pid(identities.nodeRef(`n${index}@test`, creation), SERIAL_LIMIT + 1);
  for (let round = 0; round < 4; round++) {
    for (let index = 0; index < 5_000; index++) node(round * 5_000 + index, 1 + (index % 2));
    // oxlint-disable-next-line no-await-in-loop -- WeakRefs live until the job that made them ends
    await new Promise((resolve) => setImmediate(resolve));
    Bun.gc(true);
  }
  // The next ones sweep the tables: of 20,000 pids of 20,000 nodes next to nothing is left.
  for (let index = 0; index < 10_000; index++) node(index, 9);
  expect(identities.size).toBeLessThan(20_000);
});

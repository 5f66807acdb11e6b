import { expect, test } from "bun:test";
import fc from "fast-check";

import { bucketOf, groupOf, GroupView } from "../../src/cluster/group-view.ts";
import { pickFor } from "../../src/cluster/rendezvous.ts";
import { Identities } from "../../src/term/identities.ts";
import { type Pid, SERIAL_LIMIT } from "../../src/term/pid.ts";

const identities = new Identities("a@host", 7);
const nodes = [identities.local, identities.nodeRef("b@host", 1), identities.nodeRef("c@host", 9)];

test("scope and group come back out of a bucket", () => {
  expect(groupOf(bucketOf("chat", "room: 1"))).toEqual({ scope: "chat", group: "room: 1" });
  expect(groupOf("no separator")).toEqual({ scope: "", group: "no separator" });
});

test("a view answers as a plain list of memberships does, after anything", () => {
  const step = fc.oneof(
    fc.record({
      node: fc.integer({ min: 0, max: 2 }),
      bucket: fc.constantFrom(bucketOf("s", "x"), bucketOf("s", "y"), bucketOf("t", "x")),
      scheduler: fc.integer({ min: 1, max: 2 }),
      serial: fc.integer({ min: 1, max: 3 }),
      count: fc.integer({ min: 0, max: 3 }),
    }),
    fc.record({ clear: fc.integer({ min: 0, max: 2 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const view = new GroupView(identities);
      const model = new Map<string, { bucket: string; pid: Pid<unknown>; count: number }>();
      const told = new Map<string, Pid<unknown>[]>();
      const tell = (delta: ReturnType<GroupView["set"]>): void => {
        if (delta === undefined) return;
        const known = told.get(delta.bucket) ?? [];
        for (const pid of delta.left) known.splice(known.indexOf(pid), 1);
        told.set(delta.bucket, [...known, ...delta.joined]);
      };
      for (const one of steps) {
        if ("clear" in one) {
          const { name } = nodes[one.clear]!;
          view.clear(name, tell);
          for (const [key, { pid }] of model) if (pid.node === name) model.delete(key);
          continue;
        }
        const node = nodes[one.node]!;
        const local = one.scheduler * SERIAL_LIMIT + one.serial;
        const pid = identities.pid(node, local);
        tell(view.set(node, one.bucket, local, one.count));
        const key = `${one.bucket} ${pid.toString()}`;
        if (one.count === 0) model.delete(key);
        else model.set(key, { bucket: one.bucket, pid, count: one.count });
        expect(view.countOf(node, one.bucket, local)).toBe(one.count);
      }
      const text = (pids: Iterable<Pid>): string[] => Array.from(pids, String).toSorted();
      const rows = [...model.values()];
      for (const bucket of new Set(rows.map((row) => row.bucket))) {
        const times = rows
          .filter((row) => row.bucket === bucket)
          .flatMap(({ pid, count }) => new Array<Pid<unknown>>(count).fill(pid));
        expect(text(view.members(bucket))).toEqual(text(times));
        expect(text(told.get(bucket)!)).toEqual(text(times));
        expect(text(view.localMembers(bucket))).toEqual(text(times.filter((pid) => pid.isLocal())));
        const away = new Set(times.filter((pid) => !pid.isLocal()).map((pid) => pid.node));
        expect(new Set(view.nodesOf(bucket))).toEqual(away);
        const here = new Set(times.filter((pid) => pid.isLocal()));
        const homes = new Set(Array.from(here, (pid) => pid.scheduler));
        expect(new Set(view.schedulersOf(bucket))).toEqual(homes);
        for (const scheduler of [1, 2]) {
          const locals = [...here].filter((pid) => pid.scheduler === scheduler);
          expect(new Set(view.localsOn(bucket, scheduler))).toEqual(
            new Set(locals.map((pid) => pid.local)),
          );
        }
      }
      expect(view.size).toBe(new Set(rows.map((row) => row.bucket)).size);
      expect([...view.bucketsOf("s")].every((bucket) => bucket.startsWith("s"))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("every order of members gives the same pick, and a member that leaves moves its own keys only", () => {
  const pids = Array.from({ length: 9 }, (_none, index) =>
    identities.pid(nodes[index % 3]!, SERIAL_LIMIT + 1 + index),
  );
  const keys = Array.from({ length: 900 }, (_none, index) => `key ${index}`);
  const picks = new Map(keys.map((key) => [key, pickFor(key, pids)]));
  const counts = new Map<unknown, number>();
  for (const [key, pid] of picks) {
    expect(pickFor(key, pids.toReversed())).toBe(pid!);
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
    const without = pids.filter((other) => other !== pids[4]);
    if (pid !== pids[4]) expect(pickFor(key, without)).toBe(pid!);
  }
  // 100 each, if all were equal: no member gets nothing and none gets most.
  expect(counts.size).toBe(9);
  expect(Math.min(...counts.values())).toBeGreaterThan(50);
  expect(Math.max(...counts.values())).toBeLessThan(170);
  expect(pickFor("key", [])).toBeUndefined();
});

import { describe, expect, test } from "bun:test";

import { MisuseError } from "../../src/base/error.ts";
import { Identities } from "../../src/term/identities.ts";
import { Pid } from "../../src/term/pid.ts";
import { decode, encode } from "../../src/term/stf.ts";

describe("pids", () => {
  test("text, bits and parts of a pid belong together", () => {
    const here = new Identities("a@host", 1000);
    const pid = here.createLocalPid(3 * 2 ** 42 + 17);
    expect(pid.toString()).toBe("a@host#rs/3.17");
    expect(JSON.stringify({ pid })).toBe('{"pid":"a@host#rs/3.17"}');
    expect(Bun.inspect({ pid })).toContain("pid: Pid(a@host#rs/3.17)");
    expect(Bun.inspect(here.ref(pid.nodeRef, 7))).toBe("Ref(a@host#rs/0.7)");
    expect(pid.scheduler).toBe(3);
    expect(pid.serial).toBe(17);
    expect(pid.nodeId()).toBe(0);
    expect(pid.bits).toBe((3n << 42n) | 17n);
    expect(pid.isLocal()).toBe(true);
    expect(Pid.parse("a@host#rs/3.17", here).local).toBe(pid.local);
  });

  test("the smallest and the largest ids survive text and bytes", () => {
    const here = new Identities("a@host", 2 ** 48 - 1);
    for (const local of [0, 1, 2 ** 42 - 1, 2 ** 42, 2 ** 48 - 1]) {
      const pid = here.localPid(local);
      expect(Pid.parse(pid.toString(), here)).toBe(pid);
      expect(decode(encode(pid), { identities: here })).toBe(pid);
    }
  });

  test("text that is no pid is misuse", () => {
    const texts = [
      "",
      "a@host",
      "a@host#1",
      "a@host#1/64.1",
      "a@host#1/1.4398046511104",
      "a@host#zzzzzzzzzz/1.1",
      "a#b/1.1.1",
    ];
    for (const text of texts) expect(() => Pid.parse(text)).toThrow(MisuseError);
  });

  test("two incarnations of a node are two nodes", () => {
    const here = new Identities("a@host", 1);
    const older = Pid.fromRemote("b@host", 1, 5, here);
    const newer = Pid.fromRemote("b@host", 2, 5, here);
    expect(older).not.toBe(newer);
    expect(older.nodeRef).not.toBe(newer.nodeRef);
    expect(Pid.fromRemote("b@host", 1, 5, here)).toBe(older);
    // An earlier incarnation of this very node is not this node.
    expect(Pid.fromRemote("a@host", 0, 5, here).isLocal()).toBe(false);
  });

  test("a local pid is the object that its process keeps", () => {
    const here = new Identities("a@host", 1);
    const kept = here.createLocalPid(9);
    here.findLocal = (local) => (local === 9 ? kept : undefined);
    expect(here.localPid(9)).toBe(kept);
    expect(Pid.parse("a@host#1/0.9", here)).toBe(kept);
  });

  test("collected pids leave the table", () => {
    const here = new Identities("a@host", 1);
    const node = here.nodeRef("b@host", 1);
    const grow = (from: number): void => {
      for (let i = from; i < from + 5000; i++) here.pid(node, i);
    };
    grow(0);
    for (let round = 1; round < 10; round++) {
      Bun.gc(true);
      grow(round * 5000);
    }
    expect(here.size).toBeLessThan(25_000);
  });

  test("ids of nodes are given once and used again last", () => {
    const here = new Identities("a@host", 1);
    const refs = Array.from({ length: 100 }, (_, i) => here.nodeRef(`n${i}@host`, 1));
    expect(new Set(refs.map((ref) => ref.id)).size).toBe(100);
    expect(refs.every((ref) => ref.id > 0)).toBe(true);
    expect(here.nodeRef("n5@host", 1)).toBe(refs[5]!);
  });
});

describe("refs", () => {
  test("a ref equals itself wherever it has been", () => {
    const here = new Identities("a@host", 1);
    const there = new Identities("b@host", 2);
    const ref = here.createRef(77);
    const away = decode(encode(ref), { identities: there });
    expect(ref.equals(away)).toBe(true);
    expect(ref.equals(here.createRef(78))).toBe(false);
    expect(decode(encode(away), { identities: here })).toBe(ref);
    expect(ref.toString()).toBe("ref:a@host#1/0.77");
  });
});

describe("many unknown nodes", () => {
  test("more nodes than there are ids cost no more each than the first", () => {
    const here = new Identities("a@host", 1);
    const start = performance.now();
    for (let i = 0; i < 100_000; i++) here.nodeRef(`n${i}@host`, i);
    // Looking through all of them for each of them took minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

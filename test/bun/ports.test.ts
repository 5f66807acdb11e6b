/** The small adapters: clock, entropy, digest, files. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { clock } from "../../src/bun/clock.ts";
import { sha256Digest } from "../../src/bun/digest.ts";
import { entropy } from "../../src/bun/entropy.ts";
import { files } from "../../src/bun/files.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new TextEncoder().encode(text);

describe("clock", () => {
  test("calls back once, not before its time", async () => {
    for (const afterMs of [0, 0.3, 1, 2.5, 7]) {
      const set = clock.now();
      let calls = 0;
      await new Promise<void>((resolve) =>
        clock.setTimer(afterMs, () => {
          calls++;
          resolve();
        }),
      );
      expect(clock.now() - set).toBeGreaterThanOrEqual(afterMs);
      expect(calls).toBe(1);
    }
  });

  test("does not call back when cleared, also after more than 24 days", async () => {
    let called = false;
    const set = (afterMs: number) => clock.setTimer(afterMs, () => (called = true));
    for (const afterMs of [0, 1, 2 ** 31]) clock.clearTimer(set(afterMs));
    const long = [2 ** 31, 2 ** 33, 1e15].map(set);
    await new Promise<void>((resolve) => clock.setTimer(3, resolve));
    expect(called).toBe(false);
    for (const timer of long) clock.clearTimer(timer);
  });

  test("lets microtasks run before what comes after I/O", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      clock.afterIo(() => {
        order.push("after I/O");
        resolve();
      });
      queueMicrotask(() => order.push("microtask"));
    });
    expect(order).toEqual(["microtask", "after I/O"]);
  });

  test("tells the time of day", () => {
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(1_000);
  });
});

describe("entropy", () => {
  test("gives as many bytes as asked, never the same", () => {
    expect(entropy.bytes(0)).toHaveLength(0);
    expect(entropy.bytes(32)).toHaveLength(32);
    expect(hex(entropy.bytes(32))).not.toBe(hex(entropy.bytes(32)));
  });

  test("gives numbers from 0 up to 1", () => {
    for (let count = 0; count < 100; count++) expect(entropy.random()).toBeWithin(0, 1);
  });
});

describe("digest", () => {
  test("SHA-256 of the standard's example, whole and in parts", () => {
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(hex(sha256Digest.sha256(bytes("abc")))).toBe(abc);
    expect(hex(sha256Digest.sha256(bytes("a"), bytes(""), bytes("bc")))).toBe(abc);
  });

  test("HMAC of RFC 4231, case 2, whole and in parts, and with an empty key", () => {
    const expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const key = bytes("Jefe");
    expect(hex(sha256Digest.hmac(key, bytes("what do ya want for nothing?")))).toBe(expected);
    expect(hex(sha256Digest.hmac(key, bytes("what do ya want "), bytes("for nothing?")))).toBe(
      expected,
    );
    expect(hex(sha256Digest.hmac(new Uint8Array(0)))).toBe(
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
    );
  });

  test("HKDF of RFC 5869, case 1", () => {
    const okm = sha256Digest.hkdf(
      Buffer.from("0b".repeat(22), "hex"),
      Buffer.from("000102030405060708090a0b0c", "hex"),
      Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex"),
      42,
    );
    expect(hex(okm)).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
  });

  test("equal compares bytes, and different lengths are unequal", () => {
    expect(sha256Digest.equal(bytes("same"), bytes("same"))).toBe(true);
    expect(sha256Digest.equal(bytes("same"), bytes("sane"))).toBe(false);
    expect(sha256Digest.equal(bytes("same"), bytes("same."))).toBe(false);
  });
});

describe("files", () => {
  const directory = mkdtempSync(join(tmpdir(), "snow-files-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  test("creates a file with its mode once only", () => {
    const path = join(directory, "cookie");
    files.create(path, "secret", 0o400);
    expect(files.mode(path)).toBe(0o400);
    expect(files.readText(path)).toBe("secret");
    expect(() => files.create(path, "other", 0o400)).toThrow(path);
    expect(files.readText(path)).toBe("secret");
  });

  test("says which file is missing", () => {
    const path = join(directory, "missing");
    expect(files.mode(path)).toBeUndefined();
    expect(() => files.readText(path)).toThrow(path);
  });

  test("finds files by pattern, absolute and sorted", () => {
    mkdirSync(join(directory, "actors/deep"), { recursive: true });
    for (const name of ["b.ts", "a.ts", "c.js", "deep/d.ts"])
      writeFileSync(join(directory, "actors", name), "");
    const found = (pattern: string) =>
      files.glob(pattern, directory).map((path) => path.slice(directory.length + 1));
    expect(found("./actors/*.ts")).toEqual(["actors/a.ts", "actors/b.ts"]);
    expect(found("actors/**/*.ts")).toEqual(["actors/a.ts", "actors/b.ts", "actors/deep/d.ts"]);
    expect(found("nothing/*.ts")).toEqual([]);
    expect(files.glob(join(directory, "actors/a.ts"), tmpdir())).toEqual([
      join(directory, "actors/a.ts"),
    ]);
  });
});

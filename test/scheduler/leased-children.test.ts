import { expect, test } from "bun:test";

import { type Deadline, Deadlines } from "../../src/base/deadlines.ts";
import type { Process } from "../../src/process/process.ts";
import { LeasedChildren } from "../../src/scheduler/leased-children.ts";
import type { Pid } from "../../src/term/pid.ts";

const TERMS = { fence: 1, leaseMs: 1_000, shutdownMs: 100 };
const A = "a@host";
const parent = { node: A } as unknown as Pid;

/** Children that hear no reason to end, on a clock that stands still. */
class Fixture {
  now = 0;
  readonly deadlines = new Deadlines();
  readonly wants: string[] = [];
  readonly said: string[] = [];
  readonly children = new LeasedChildren({
    now: () => this.now,
    setDeadline: (entry: Deadline, afterMs) => this.deadlines.set(entry, this.now + afterMs),
    clearDeadline: (entry) => void this.deadlines.clear(entry),
    wantLease: (node, leaseMs) => this.wants.push(`${node} ${leaseMs}`),
    afterIo: (callback) => this.later.push(callback),
  });
  readonly later: (() => void)[] = [];

  /** A child that traps exits and ignores them. */
  child(name: string, shutdownMs = TERMS.shutdownMs, isLocal = false): Process {
    const process = {
      life: 1,
      ownBonds: () => ({ hasTerms: false }),
      exitSignal: (_from: Pid, reason: string) => {
        this.said.push(`${this.now} ${name} ${reason}`);
      },
      terminate: (reason: string) => {
        this.said.push(`${this.now} ${name} ends: ${reason}`);
        process.life = 3;
        this.children.ended(process as unknown as Process);
      },
    };
    this.children.add(process as unknown as Process, parent, { ...TERMS, shutdownMs }, isLocal);
    return process as unknown as Process;
  }

  advance(to: number): void {
    this.now = to;
    this.deadlines.expire(to);
  }

  /** On the way to `to`, every deadline on time. */
  pass(to: number): void {
    for (let at = this.deadlines.next(); at !== undefined && at <= to; at = this.deadlines.next())
      this.advance(at);
    this.now = to;
  }
}

test("a start waits for the lease; later ones do not while it is good", () => {
  const fixture = new Fixture();
  const started: string[] = [];
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => started.push("first"));
  expect([started, fixture.wants, fixture.children.size]).toEqual([[], ["a@host 1000"], 1]);
  fixture.children.renewed(A, 1_000);
  fixture.children.admit(A, TERMS, () => started.push("second"));
  expect(started).toEqual(["first", "second"]);
  fixture.now = 1_000;
  fixture.children.admit(A, TERMS, () => started.push("third"));
  expect(started).toHaveLength(2);
});

test("a session that ends drops the starts that wait", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => expect.unreachable());
  fixture.children.nodeDown(A);
  fixture.children.nodeUp(A);
  fixture.children.renewed(A, 1_000);
  expect(fixture.children.size).toBe(0);
});

test("when the lease is over the child is told, and killed after its shutdown time, which is no crash", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => fixture.child("x"));
  fixture.children.renewed(A, 1_000);
  fixture.children.renewed(A, 1_400);
  fixture.pass(5_000);
  expect(fixture.said).toEqual(["1400 x noconnection", "1500 x ends: noconnection"]);
  expect([fixture.children.size, fixture.deadlines.length]).toEqual([0, 0]);
});

test("with brutal_kill it is killed at once", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => fixture.child("x", 0));
  fixture.children.renewed(A, 1_000);
  fixture.pass(5_000);
  expect(fixture.said).toEqual(["1000 x noconnection", "1000 x ends: noconnection"]);
});

test("a renewal that has come while the thread was held up is read before anybody is told to end", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => fixture.child("x"));
  fixture.children.renewed(A, 1_000);
  fixture.advance(1_080);
  expect(fixture.said).toEqual([]);
  fixture.children.renewed(A, 2_000);
  for (const callback of fixture.later.splice(0)) callback();
  expect(fixture.said).toEqual([]);
  fixture.advance(2_080);
  for (const callback of fixture.later.splice(0)) callback();
  expect(fixture.said).toEqual(["2080 x noconnection"]);
});

test("a program that stood still beyond its lease ends its children before it reads anything", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => fixture.child("x"));
  fixture.children.renewed(A, 1_000);
  fixture.advance(60_000);
  expect(fixture.said).toEqual(["60000 x noconnection"]);
});

test("a renewal whose time is over already counts for nothing", () => {
  const fixture = new Fixture();
  fixture.now = 5_000;
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => expect.unreachable());
  fixture.children.renewed(A, 4_999);
  expect(fixture.children.size).toBe(1);
});

test("the end of the session tells the children at once, and only once", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  fixture.children.admit(A, TERMS, () => fixture.child("x"));
  fixture.children.renewed(A, 1_000);
  fixture.now = 10;
  fixture.children.nodeDown(A);
  fixture.pass(5_000);
  expect(fixture.said).toEqual(["10 x noconnection", "110 x ends: killed"]);
});

test("a child whose link told of its supervisor's end is only killed when it stays", () => {
  const fixture = new Fixture();
  const near = fixture.child("near", 100, true);
  fixture.children.parentEnded(near);
  fixture.pass(5_000);
  expect(fixture.said).toEqual(["100 near ends: killed"]);
});

test("a node without leases, as hidden ones are, starts children at once", () => {
  const fixture = new Fixture();
  let isStarted = false;
  fixture.children.admit(A, TERMS, () => (isStarted = true));
  expect(isStarted).toBe(true);
});

test("a lease that nobody lives under keeps no timer", () => {
  const fixture = new Fixture();
  fixture.children.nodeUp(A);
  let process: Process | undefined;
  fixture.children.admit(A, TERMS, () => (process = fixture.child("x")));
  fixture.children.renewed(A, 1_000);
  expect(fixture.deadlines.length).toBe(1);
  fixture.children.ended(process!);
  expect(fixture.deadlines.length).toBe(0);
  fixture.children.renewed(A, 2_000);
  expect(fixture.deadlines.length).toBe(0);
});

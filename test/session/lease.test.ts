import { expect, test } from "bun:test";
import fc from "fast-check";

import {
  leaseAsked,
  leaseEchoed,
  leaseUntil,
  renewalDue,
  wantLease,
  type LeaseState,
} from "../../src/session/lease.ts";

test("there is no lease before the peer has echoed a stamp", () => {
  const state = wantLease(undefined, 1_000, 5);
  expect(leaseUntil(state)).toBeUndefined();
  expect(leaseUntil(leaseEchoed(state, 5))).toBe(1_005);
});

test("an echo that is older than the newest one changes nothing", () => {
  const state = leaseEchoed(wantLease(undefined, 1_000, 5), 20);
  expect(leaseEchoed(state, 10)).toBe(state);
  expect(leaseEchoed(state, 20)).toBe(state);
});

test("the shortest wish counts, and many probes fit into it", () => {
  const state = wantLease(wantLease(undefined, 1_000, 0), 400, 10);
  expect(state.leaseMs).toBe(400);
  expect(renewalDue(state)).toBe(50);
  expect(renewalDue(leaseAsked(state, 50))).toBe(100);
  expect(wantLease(state, 9_000, 20).leaseMs).toBe(400);
});

test("a long lease is asked for every five seconds", () => {
  expect(renewalDue(wantLease(undefined, 80_000, 0))).toBe(5_000);
});

test("a peer that asks for a lease of nothing makes nobody busy", () => {
  expect(renewalDue(wantLease(undefined, 0, 0))).toBe(10);
});

/** Lets a session run: probes go out when due and come back after the times given, until the path breaks. */
function run(leaseMs: number, roundTripsMs: readonly number[], breaksAfter: number): LeaseState {
  let state = wantLease(undefined, leaseMs, 0);
  for (const [round, roundTripMs] of roundTripsMs.entries()) {
    const sentAt = state.askedAt;
    if (round < breaksAfter) state = leaseEchoed(state, sentAt);
    state = leaseAsked(state, Math.max(renewalDue(state), sentAt + roundTripMs));
  }
  return state;
}

test("property: whoever heard of this node later than any echo, waits longer than any lease", () => {
  const rounds = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 80_000 }), rounds, fc.nat(50), (leaseMs, trips, at) => {
      const until = leaseUntil(run(leaseMs, trips, at));
      if (at === 0) return until === undefined;
      // The peer's last sign of life is the probe that it echoed last, sent no earlier than the stamp.
      const lastHeard = run(leaseMs, trips, at).echoedAt!;
      return until! <= lastHeard + leaseMs;
    }),
  );
});

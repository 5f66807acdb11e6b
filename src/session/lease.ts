/**
 * How long processes that another node's supervisors have here may run: a pure machine of the control thread, for one session.
 * Ticks carry a stamp, and the peer's ticks the last stamp that it got. So at `stamp + leaseMs` this side knows how long ago at
 * the most the peer has last heard of it, whatever the network did since; the peer, for which that was later, waits longer.
 *
 *     unwanted ──want──► asking ──echo──► held ──renewal due──► asking …      `until` is the last echo + lease
 *
 * A healthy peer answers a probe within a round trip, so a lease that is renewed many times within its length is not lost
 * to silence, and one-way cuts show as a missing echo although bytes arrive.
 */
import type { Millis } from "../base/millis.ts";

/** Probes within one lease: so many must be lost in a row. */
const RENEWALS_PER_LEASE = 8;

/** Milliseconds between probes at the most, so that long leases have little less than their length left when a peer falls silent. */
const RENEWAL_MS_MAX = 5_000;

/** At the least, whatever a peer asks for: the shortest ticks that can be set make leases of 200 ms. */
const RENEWAL_MS_MIN = 10;

export interface LeaseState {
  readonly leaseMs: Millis;
  /** When the last probe left. */
  readonly askedAt: Millis;
  /** The newest stamp that the peer has echoed; undefined: none yet. */
  readonly echoedAt: Millis | undefined;
}

/** Somebody needs a lease: the first probe is to leave now. The shortest one counts. */
export function wantLease(state: LeaseState | undefined, leaseMs: Millis, now: Millis): LeaseState {
  if (state === undefined) return { leaseMs, askedAt: now, echoedAt: undefined };
  return { ...state, leaseMs: Math.min(state.leaseMs, leaseMs) };
}

/** When the next probe is due. */
export function renewalDue({ askedAt, leaseMs }: LeaseState): Millis {
  const afterMs = Math.min(RENEWAL_MS_MAX, leaseMs / RENEWALS_PER_LEASE);
  return askedAt + Math.max(RENEWAL_MS_MIN, afterMs);
}

/** A probe leaves. */
export function leaseAsked(state: LeaseState, now: Millis): LeaseState {
  return { ...state, askedAt: now };
}

/** A tick came with this echo. The same state: it says nothing new. */
export function leaseEchoed(state: LeaseState, stamp: Millis): LeaseState {
  return stamp > (state.echoedAt ?? -Infinity) ? { ...state, echoedAt: stamp } : state;
}

/** Until when the lease is good; undefined: it is not. */
export function leaseUntil({ echoedAt, leaseMs }: LeaseState): Millis | undefined {
  return echoedAt === undefined ? undefined : echoedAt + leaseMs;
}

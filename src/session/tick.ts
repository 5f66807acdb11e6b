/**
 * When to say something and when to give a socket up (D13). A pure machine: the control thread calls `step` for every
 * byte and timer of a control connection and does what it says.
 *
 *     alive ──interval of silence──► probed ──timeout of silence──► silent (final)
 *       ▲                              │
 *       └────────── any byte ──────────┘
 *
 * Source: OTP, kernel net_ticktime: a node is down after one to one and a quarter of it, and a tick is only sent where
 * nothing else was.
 */
import type { Millis } from "../base/millis.ts";
import { unreachable } from "../base/assert.ts";

/** A timer that fires later than this was held up by our own thread; what the peer sent meanwhile is not read yet. */
const STALL_MS = 50;

export interface TickTimes {
  readonly intervalMs: Millis;
  readonly timeoutMs: Millis;
}

export interface TickState {
  readonly kind: "alive" | "probed" | "silent";
  /** When the last byte came, later by as much as our own thread stalled since. */
  readonly heardAt: Millis;
  /** When the last byte left. */
  readonly saidAt: Millis;
}

export type TickEvent = "heard" | "said" | "timer";

/** What the driver is to do: send a tick, ask for one at once, or take the socket for dead. */
export type TickDirective = "send_tick" | "send_probe" | "silent";

export interface TickStep {
  readonly state: TickState;
  readonly directives: readonly TickDirective[];
}

const NOTHING: readonly TickDirective[] = [];

/** The state of a connection that stands since `now`. */
export function startTick(now: Millis): TickState {
  return { kind: "alive", heardAt: now, saidAt: now };
}

/** When to call `step` with `timer`; undefined once silent. */
export function tickDue(state: TickState, times: TickTimes): Millis | undefined {
  switch (state.kind) {
    case "alive":
      return Math.min(state.heardAt, state.saidAt) + times.intervalMs;
    case "probed":
      return Math.min(state.heardAt + times.timeoutMs, state.saidAt) + times.intervalMs;
    case "silent":
      return undefined;
    default:
      return unreachable(state.kind);
  }
}

/** What follows from an event. A silent socket stays silent: only a new one has a new state. */
export function stepTick(
  state: TickState,
  event: TickEvent,
  now: Millis,
  times: TickTimes,
): TickStep {
  if (state.kind === "silent") return { state, directives: NOTHING };
  switch (event) {
    case "heard":
      return { state: { ...state, kind: "alive", heardAt: now }, directives: NOTHING };
    case "said":
      return { state: { ...state, saidAt: now }, directives: NOTHING };
    case "timer":
      return timer(corrected(state, now, times), now, times);
    default:
      return unreachable(event);
  }
}

/**
 * Adds to the last sign of life what our own thread was late by, and a little more so that sockets are read before the
 * next timer: the sign may lie unread in one.
 */
function corrected(state: TickState, now: Millis, times: TickTimes): TickState {
  const due = tickDue(state, times);
  const late = due === undefined ? 0 : now - due;
  return late > STALL_MS ? { ...state, heardAt: state.heardAt + late + STALL_MS } : state;
}

function timer(state: TickState, now: Millis, { intervalMs, timeoutMs }: TickTimes): TickStep {
  const silence = now - state.heardAt;
  if (state.kind === "probed" && silence >= intervalMs + timeoutMs) {
    return { state: { ...state, kind: "silent" }, directives: ["silent"] };
  }
  if (state.kind === "alive" && silence >= intervalMs) {
    return {
      state: { kind: "probed", heardAt: state.heardAt, saidAt: now },
      directives: ["send_probe"],
    };
  }
  if (now - state.saidAt >= intervalMs) {
    return { state: { ...state, saidAt: now }, directives: ["send_tick"] };
  }
  return { state, directives: NOTHING };
}

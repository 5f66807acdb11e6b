import type { Millis } from "../../base/millis.ts";
import { isOrderly } from "../../process/exit-reason.ts";

/**
 * What a supervisor decides when a child ends, as functions of nothing but their arguments. Who carries it out, and in which
 * order things happen while children come and go by themselves, is `supervision.ts`.
 */

/** `permanent`: always restarted; `transient`: only after an abnormal end; `temporary`: never. Source: OTP supervisor, restart type. */
export type RestartType = "permanent" | "transient" | "temporary";

/** Which other children a crash takes along. Source: OTP supervisor, strategy. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** Whether a supervisor ends by itself once significant children have. Source: OTP supervisor, auto_shutdown. */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** Waits before a restart: `minMs` before the first of a row, twice as long before each further one, `maxMs` at most. */
export interface Backoff {
  readonly minMs: Millis;
  readonly maxMs: Millis;
}

/** What becomes of a child that ended by itself: `keep` leaves its spec for `restartChild`, `forget` removes it. */
export function afterExit(restart: RestartType, reason: unknown): "restart" | "keep" | "forget" {
  switch (restart) {
    case "permanent":
      return "restart";
    case "transient":
      return isOrderly(reason) ? "keep" : "restart";
    case "temporary":
      return "forget";
  }
}

/**
 * The children that a restart of `children[origin]` concerns, in start order, itself included: they are stopped in the reverse
 * of this order and started in it.
 */
export function concerned<C>(strategy: Strategy, children: readonly C[], origin: number): C[] {
  switch (strategy) {
    case "one_for_one":
      return [children[origin]!];
    case "rest_for_one":
      return children.slice(origin);
    case "one_for_all":
      return children.slice();
  }
}

/** Milliseconds to wait before restart number `attempt` of a row, 1 being the first; 0 without a back-off, as in OTP. */
export function backoffMs(backoff: Backoff | undefined, attempt: number): Millis {
  if (backoff === undefined) return 0;
  // 2 ** 52 more than covers any period; beyond it the power would leave the integers.
  return Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 52));
}

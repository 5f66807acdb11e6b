/** What the core of a supervisor is made of, is told and says: the types that `supervision.ts` and its driver share. */
import type { Millis } from "../../base/millis.ts";
import type { Intensity } from "./intensity.ts";
import type { AutoShutdown, Backoff, RestartType, Strategy } from "./restart.ts";

export interface SupervisionOptions extends Intensity {
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly backoff: Backoff | undefined;
  /** How often one child may lose its node before its next start has to wait. */
  readonly nodeLosses: Intensity;
}

/** The part of a child spec that decisions depend on. */
export interface ChildPolicy {
  readonly id: string;
  readonly restart: RestartType;
  readonly significant: boolean;
  /** Only of a child that was placed on a node: what follows when that node is gone. */
  readonly onNodeDown: "move" | "wait" | "stop" | undefined;
}

/** What may be asked of a running supervisor. */
export type SupervisorRequest<S> =
  | { readonly kind: "start_child"; readonly spec: S }
  | { readonly kind: "restart_child"; readonly id: string }
  | { readonly kind: "terminate_child"; readonly id: string }
  | { readonly kind: "delete_child"; readonly id: string };

/** The rule that forbids what was asked. Source: OTP supervisor, errors of start_child, restart_child and delete_child. */
export type SupervisorRefusal =
  "already_started" | "already_present" | "not_found" | "running" | "restarting" | "stopping";

/** `failed` carries the reason why a child did not start; a refusal the child's pid where it runs. */
export type SupervisorAnswer<P> =
  | { readonly kind: "started"; readonly pid: P }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: unknown }
  | { readonly kind: "refused"; readonly code: SupervisorRefusal; readonly pid?: P };

/** `token` names one start of one child, so that news of an earlier process of the same child change nothing. */
export type SupervisionInput<S, P, F> =
  | { readonly kind: "init"; readonly specs: readonly S[] }
  | { readonly kind: "started"; readonly token: number; readonly pid: P }
  | { readonly kind: "start_failed" | "ended"; readonly token: number; readonly reason: unknown }
  | { readonly kind: "retry" | "placed" | "patience_over"; readonly token: number }
  | { readonly kind: "request"; readonly request: SupervisorRequest<S>; readonly from: F }
  | { readonly kind: "shutdown"; readonly reason: unknown };

/** What is worth a line in the log. */
export type SupervisionReport =
  "child_crashed" | "child_start_failed" | "node_lost" | "nodes_lost_too_often" | "gives_up";

/**
 * `start` is answered by `started` or `start_failed`, `stop` by `ended`, `retry_after` by `retry`, `cancel` (give up a start that
 * is still pending) by `start_failed`, or by `started` if it was too late. `place` is answered by `placed` when there is a node
 * for the child and nothing of it can run anywhere, unless `unplace` comes first; `patience` by `patience_over`, unless the start
 * of that token is over before. `exit` is the last output.
 */
export type SupervisionOutput<S, P, F> =
  | { readonly kind: "start" | "cancel"; readonly spec: S; readonly token: number }
  | { readonly kind: "stop"; readonly spec: S; readonly token: number; readonly pid: P }
  | {
      readonly kind: "retry_after" | "patience";
      readonly token: number;
      readonly afterMs: Millis;
    }
  /** Not before `afterMs`. */
  | { readonly kind: "place"; readonly spec: S; readonly token: number; readonly afterMs: Millis }
  | { readonly kind: "unplace"; readonly token: number }
  /** There is no child of this id, which had a place, any more. */
  | { readonly kind: "forget"; readonly id: string }
  | { readonly kind: "reply"; readonly from: F; readonly answer: SupervisorAnswer<P> }
  | { readonly kind: "ready" }
  | {
      readonly kind: "report";
      readonly what: SupervisionReport;
      readonly id: string;
      readonly reason: unknown;
    }
  | { readonly kind: "exit"; readonly reason: unknown };

import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { ExitReason } from "./exit-reason.ts";

/** A name on a node: both spelled out, the node without a port. */
export interface NameOnNode {
  readonly name: string;
  readonly node: string;
}

/** What a supervisor says of a child that it starts at a place. */
export interface ChildTerms {
  /** The number of this start, above those of all earlier ones: `ctx.fence`. */
  readonly fence: number;
  /** Milliseconds that it may run on without a sign of life from its supervisor's node. */
  readonly leaseMs: number;
  /** Milliseconds from `noconnection` to `kill` when it has no supervisor any more. */
  readonly shutdownMs: number;
}

/** What the spawner asks for on behalf of the new process. */
export interface SpawnRequestOptions {
  /** The child is linked to `from` before its first step. */
  readonly link: boolean;
  /** `from` monitors the child; the monitor's ref is the request's. */
  readonly monitor: boolean;
  /** Registered before the child's first step. */
  readonly name: string | undefined;
  readonly mailboxMax: number | undefined;
  /** Only of a supervisor's child. */
  readonly child?: ChildTerms;
}

export type SpawnFailure = "undef" | "badarg" | "noconnection" | "name_taken";

/**
 * Everything that one process can do to another, as it travels between schedulers and nodes. `from` decides the lane:
 * all signals of one process to another take one way and keep their order. Source: OTP, erl_dist_protocol.
 */
export type Signal =
  | {
      readonly kind: "message";
      readonly from: Pid | undefined;
      readonly to: Pid;
      readonly message: unknown;
    }
  | {
      readonly kind: "message_named";
      readonly from: Pid | undefined;
      readonly name: string;
      readonly node: string;
      readonly message: unknown;
    }
  /** From a service of one node to the same one of `node`, at the scheduler where the lane ends: one frame for many. */
  | {
      readonly kind: "multicast";
      readonly from: Pid | undefined;
      readonly node: string;
      /** The service's number. */
      readonly service: number;
      /** What the service delivers to: a group, a room. */
      readonly topic: string;
      readonly message: unknown;
    }
  /** `sendExit`. */
  | { readonly kind: "exit"; readonly from: Pid; readonly to: Pid; readonly reason: ExitReason }
  | { readonly kind: "link"; readonly from: Pid; readonly to: Pid }
  /** `id` grows per process; the link is gone on the other side when the ack with this id is back. */
  | { readonly kind: "unlink"; readonly from: Pid; readonly to: Pid; readonly id: number }
  | { readonly kind: "unlink_ack"; readonly from: Pid; readonly to: Pid; readonly id: number }
  /** A linked process ended. */
  | {
      readonly kind: "link_exit";
      readonly from: Pid;
      readonly to: Pid;
      readonly reason: ExitReason;
    }
  | { readonly kind: "monitor"; readonly from: Pid; readonly to: Pid; readonly ref: Ref }
  | {
      readonly kind: "monitor_named";
      readonly from: Pid;
      readonly name: string;
      readonly node: string;
      readonly ref: Ref;
    }
  | {
      readonly kind: "demonitor";
      readonly from: Pid;
      readonly to: Pid | NameOnNode;
      readonly ref: Ref;
    }
  | {
      readonly kind: "down";
      /** The process that ended; undefined when there was none under the name. */
      readonly from: Pid | undefined;
      readonly to: Pid;
      readonly ref: Ref;
      readonly target: Pid | NameOnNode;
      readonly reason: ExitReason;
    }
  | {
      readonly kind: "spawn_request";
      readonly from: Pid;
      readonly ref: Ref;
      readonly node: string;
      /** Which scheduler of that node, from 1; "spread": the node chooses. */
      readonly scheduler: number | "spread";
      readonly functionName: string;
      readonly args: readonly unknown[];
      readonly options: SpawnRequestOptions;
    }
  | {
      readonly kind: "spawn_reply";
      /** The child, so that the reply goes its way, before its first signal; undefined when there is none. */
      readonly from: Pid | undefined;
      readonly to: Pid;
      readonly ref: Ref;
      readonly result: SpawnResult;
    };

/** The signal of a kind. */
export type SignalOf<K extends Signal["kind"]> = Extract<Signal, { kind: K }>;

export type SpawnResult =
  | { readonly ok: true; readonly pid: Pid<unknown> }
  | { readonly ok: false; readonly code: SpawnFailure };

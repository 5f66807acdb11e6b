/**
 * What the control thread and the schedulers of one node say to each other, and what a thread is given at its start.
 * Everything here is cloned between threads: plain values only. Ports keep order, and that is all they promise.
 */
import type { NodeConfig } from "../config/config.ts";
import type { PortEnd } from "../port/threads.ts";
import type { Address, TlsKeys } from "../port/transport.ts";
import type { ServiceName } from "../service/service.ts";

/** A function that a scheduler hosts by name. */
export interface HostedFunction {
  readonly name: string;
  /** 1 unless `define` was told otherwise. */
  readonly version: number;
  readonly kind: "function" | "server" | "supervisor";
}

/** One lane of a session that ends on the scheduler that is told. */
export interface LaneEnd {
  /** 1 to the larger count of schedulers. */
  readonly lane: number;
  /** Whether this scheduler sends on it; the others bring only what the peer sends. */
  readonly sends: boolean;
}

/** A session that stands, as told to every scheduler. */
export interface SessionPlan {
  /** Counted by this node's control thread, growing; never sent. */
  readonly number: number;
  /** The same on both sides; names the session to the peer. */
  readonly sessionId: Uint8Array;
  readonly laneKey: Uint8Array;
  readonly node: string;
  readonly creation: number;
  readonly hidden: boolean;
  readonly lanes: readonly LaneEnd[];
}

export type ToScheduler =
  | { readonly kind: "session_up"; readonly session: SessionPlan }
  | {
      readonly kind: "session_over";
      readonly number: number;
      readonly reason: string;
      /** The node's program has ended. */
      readonly isGone: boolean;
      /** Everything that it had sent has arrived. */
      readonly isWhole: boolean;
      /** Milliseconds since the last byte on the control connection. */
      readonly silentMs: number;
    }
  /** The node is to send GOODBYE: answer with the number of the last frame on each of the session's lanes. */
  | { readonly kind: "session_ending"; readonly number: number }
  /** The peer's GOODBYE named the last frame of this lane: tell when it got here. */
  | {
      readonly kind: "lane_last";
      readonly number: number;
      readonly lane: number;
      readonly frame: number;
    }
  | {
      readonly kind: "lane_dial";
      readonly number: number;
      readonly lane: number;
      readonly address: Address;
    }
  /** Take the lane's socket for dead. */
  | { readonly kind: "lane_reset"; readonly number: number; readonly lane: number }
  /** The operator's certificates were replaced. */
  | { readonly kind: "tls_keys"; readonly keys: TlsKeys }
  /** A node could not be reached: what waits for it comes back. */
  | {
      readonly kind: "unreachable";
      readonly node: string;
      readonly reason: string;
    }
  | {
      readonly kind: "peer_functions";
      readonly node: string;
      readonly functions: readonly HostedFunction[];
    }
  | {
      readonly kind: "query";
      readonly id: number;
      readonly verb: string;
      readonly args: unknown;
    }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly ok: boolean;
      readonly value: unknown;
    }
  | {
      readonly kind: "start";
      readonly functionName: string;
      readonly args: readonly unknown[];
    }
  /**
   * Another scheduler's thread was ended: work off what it had sent, end all bonds with its processes, answer with
   * `scheduler_drained`. `port` leads to the one that will be started in its place.
   */
  | { readonly kind: "scheduler_gone"; readonly scheduler: number; readonly port: PortEnd }
  /** From the control thread's part of a service to the one of this scheduler. */
  | { readonly kind: "service"; readonly service: ServiceName; readonly message: unknown }
  /** End every process, say so with `stopped` when what they sent is on its way, then nothing more. */
  | { readonly kind: "stop"; readonly reason: string }
  /** The sessions have been told: close sockets and timers. */
  | { readonly kind: "close" };

export type ToControl =
  | { readonly kind: "stopped" }
  | { readonly kind: "scheduler_drained" }
  | {
      readonly kind: "ready";
      readonly index: number;
      readonly lanePort: number;
      readonly functions: readonly HostedFunction[];
    }
  /** The scheduler could not start: a user's module failed. `text` is for the operator. */
  | {
      readonly kind: "start_failed";
      readonly index: number;
      readonly code: string;
      readonly text: string;
    }
  /** A signal for a node without a session waits; `hint` is a port. */
  | {
      readonly kind: "dial";
      readonly node: string;
      readonly hint: number | undefined;
    }
  | {
      readonly kind: "lane_state";
      readonly number: number;
      readonly lane: number;
      readonly state: "attached" | "lost" | "dial_failed" | "stalled";
    }
  /** The peer broke the protocol on a lane, or the lane overran: the session must end. */
  | {
      readonly kind: "lane_failed";
      readonly number: number;
      readonly lane: number;
      readonly code: string;
      readonly text: string;
    }
  | {
      readonly kind: "lane_end";
      readonly number: number;
      readonly lane: number;
      readonly frame: number;
    }
  | {
      readonly kind: "lane_complete";
      readonly number: number;
      readonly lane: number;
    }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly ok: boolean;
      readonly value: unknown;
    }
  | {
      readonly kind: "request";
      readonly id: number;
      readonly verb: "connect" | "disconnect" | "ping" | "stop";
      readonly node: string;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "started";
      readonly functionName: string;
      readonly pid: string;
    }
  /** From a scheduler's part of a service to the one of the control thread. */
  | { readonly kind: "service"; readonly service: ServiceName; readonly message: unknown }
  /** A process of `[[start]]` is no more. `crash`: its reason as text; undefined: it was done, or told to end. */
  | { readonly kind: "start_ended"; readonly pid: string; readonly crash: string | undefined }
  | {
      readonly kind: "start_refused";
      readonly functionName: string;
      readonly text: string;
    };

/** Shared memory of one node, made once by the thread that starts the others. */
export interface SharedMemory {
  readonly names: SharedArrayBuffer;
  readonly serials: SharedArrayBuffer;
  readonly fences: SharedArrayBuffer;
  /** Global names, written by the control thread. */
  readonly globals: SharedArrayBuffer;
  /** One of each scheduler, index 0 for scheduler 1. */
  readonly pulses: readonly SharedArrayBuffer[];
}

/** What a scheduler is given at its start, whatever thread it runs on. */
export interface SchedulerSetup {
  /** From 1. */
  readonly index: number;
  readonly schedulers: number;
  readonly node: string;
  readonly creation: number;
  readonly shared: SharedMemory;
  /** Where to listen for lanes, on the first free port; undefined: this node cannot be dialled. */
  readonly lanes: { readonly host: string; readonly ports: readonly number[] } | undefined;
  /** Deliver copies and freeze what was sent, as if every message had travelled. */
  readonly strict: boolean;
  /** Milliseconds that a child which was started on another node may outlive the last sign of life that it was given from here. */
  readonly leaseMs: number;
  readonly limits: LimitSetup;
}

/** How sockets are protected, as handed to each thread. */
export type TlsSetup =
  | { readonly mode: "off" }
  | { readonly mode: "auto"; readonly key: string; readonly cert: string }
  | { readonly mode: "ca"; readonly key: string; readonly cert: string; readonly ca: string };

/** Limits that schedulers enforce; see `[limits]`. */
export type LimitSetup = NodeConfig["limits"];

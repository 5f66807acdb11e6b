/**
 * What the control thread and the schedulers of one node say to each other, and what a thread is given at its start.
 * Everything here is cloned between threads: plain values only. Ports keep order, and that is all they promise.
 */
import type { Address } from "../port/transport.ts";

/** A function that a scheduler hosts by name. */
export interface HostedFunction {
  readonly name: string;
  /** 1 unless `define` was told otherwise. */
  readonly version: number;
  readonly kind: "function" | "server" | "supervisor";
}

/** One lane of a session as its scheduler needs it. */
export interface LanePlan {
  /** 1 to the larger count of schedulers. */
  readonly lane: number;
  /** Where to dial; undefined: the peer dials us. */
  readonly dial: Address | undefined;
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
  /** Whether this node's end opened the committed control connection. */
  readonly opener: boolean;
  /** The lanes of the scheduler that is told; the first one is the lane it sends on. */
  readonly lanes: readonly LanePlan[];
}

export type ToScheduler =
  | { readonly kind: "session_up"; readonly session: SessionPlan }
  | {
      readonly kind: "session_over";
      readonly number: number;
      readonly reason: string;
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
  /** Lost lanes of a suspect session are to be dialled again, at these addresses. */
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
  | { readonly kind: "stop"; readonly reason: string };

export type ToControl =
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
      readonly state: "attached" | "lost";
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
  | {
      readonly kind: "start_refused";
      readonly functionName: string;
      readonly text: string;
    };

/** Shared memory of one node, made once by the thread that starts the others. */
export interface SharedMemory {
  readonly names: SharedArrayBuffer;
  readonly serials: SharedArrayBuffer;
  /** One row of 32-bit integers per thread: heartbeats and running pids. */
  readonly vitals: SharedArrayBuffer;
}

/** What a scheduler thread is given at its start. */
export interface SchedulerSetup {
  readonly index: number;
  readonly schedulers: number;
  readonly node: string;
  readonly creation: number;
  readonly shared: SharedMemory;
  /** Transferable ends: of the control thread, then of scheduler 1, 2, …; undefined at the own place. */
  readonly control: unknown;
  readonly others: readonly unknown[];
  readonly lanes: { readonly host: string; readonly port: number };
  readonly tls: TlsSetup;
  readonly modules: readonly string[];
  readonly strict: boolean;
  readonly limits: LimitSetup;
  readonly log: { readonly level: string; readonly format: string };
}

/** How sockets are protected, as handed to each thread. */
export type TlsSetup =
  | { readonly mode: "off" }
  | {
      readonly mode: "auto";
      readonly key: string;
      readonly certificate: string;
    }
  | {
      readonly mode: "ca";
      readonly key: string;
      readonly certificate: string;
      readonly ca: string;
    };

export interface LimitSetup {
  readonly messageBytesMax: number;
  readonly laneHighWaterBytes: number;
  readonly laneHardBytes: number;
  readonly fragmentBytes: number;
  readonly sessionGraceMs: number;
}

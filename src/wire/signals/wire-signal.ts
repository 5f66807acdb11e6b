import type { DecodeError } from "../../base/error.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";

/** A registered name and the node it is registered on. */
export interface WireName {
  readonly name: string;
  readonly node: string;
}

export interface WireSpawnOptions {
  readonly link: boolean;
  readonly monitor: boolean;
  readonly name: string | undefined;
  readonly mailboxMax: number | undefined;
  readonly child?: WireChildTerms;
}

/** Of a supervisor's child: its fence, and how long it may outlive the way to its supervisor. Milliseconds below 2^32. */
export interface WireChildTerms {
  readonly fence: number;
  readonly leaseMs: number;
  readonly shutdownMs: number;
}

/** Why a spawn request failed at the other node. */
export type WireSpawnFailure = "undef" | "badarg" | "noconnection" | "name_taken";

/**
 * Everything that travels on a lane. The same shape as the signals of `process/`, which this folder may not know; a
 * driver hands one for the other. `from` decides the lane and the order.
 */
export type WireSignal =
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
  | { readonly kind: "exit"; readonly from: Pid; readonly to: Pid; readonly reason: unknown }
  | { readonly kind: "link"; readonly from: Pid; readonly to: Pid }
  | { readonly kind: "unlink"; readonly from: Pid; readonly to: Pid; readonly id: number }
  | { readonly kind: "unlink_ack"; readonly from: Pid; readonly to: Pid; readonly id: number }
  | { readonly kind: "link_exit"; readonly from: Pid; readonly to: Pid; readonly reason: unknown }
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
      readonly to: Pid | WireName;
      readonly ref: Ref;
    }
  | {
      readonly kind: "down";
      readonly from: Pid | undefined;
      readonly to: Pid;
      readonly ref: Ref;
      readonly target: Pid | WireName;
      readonly reason: unknown;
    }
  | {
      readonly kind: "spawn_request";
      readonly from: Pid;
      readonly ref: Ref;
      readonly node: string;
      readonly scheduler: number | "spread";
      readonly functionName: string;
      readonly args: readonly unknown[];
      readonly options: WireSpawnOptions;
    }
  | {
      readonly kind: "spawn_reply";
      readonly from: Pid | undefined;
      readonly to: Pid;
      readonly ref: Ref;
      readonly result:
        | { readonly ok: true; readonly pid: Pid<unknown> }
        | { readonly ok: false; readonly code: WireSpawnFailure };
    }
  | WireRoom;

/**
 * What schedulers say to each other about rooms, see `room-message.ts`. `room_control` passes a lane's hard limit. Bytes
 * that were decoded are a view: good until the sink returns.
 */
export interface WireRoom {
  readonly kind: "room" | "room_control";
  readonly from: undefined;
  /** Scheduler of the receiving node, from 1; 0: the one where the lane or port ends. */
  readonly to: number;
  readonly body: Uint8Array;
}

export type WireSignalKind = WireSignal["kind"];

export type WireSignalOf<K extends WireSignalKind> = Extract<WireSignal, { kind: K }>;

/**
 * A signal whose message or arguments are well formed but cannot be built here (`struct_undecodable`): `signal` has
 * `undefined` or no arguments in their place. A dead letter; the stream goes on.
 */
export interface Undecodable {
  readonly kind: "undecodable";
  readonly signal: WireSignalOf<"message" | "message_named" | "multicast" | "spawn_request">;
  readonly error: DecodeError;
}

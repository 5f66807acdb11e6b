import type { Pid } from "../term/pid.ts";
import type { Signal } from "./signal.ts";

/**
 * The way out of a scheduler: to the other schedulers of this node and to other nodes. Everything from one process to
 * another goes in order. A signal that cannot reach its target comes back through `Scheduler.undeliverable`.
 */
export interface Outbound {
  /**
   * The hot path of `Signal` "message". A message is encoded before this returns: it may be changed afterwards.
   * @throws {EncodeError} the message cannot be sent @throws {LaneFullError} @throws {MessageTooLarge}
   */
  message(from: Pid, to: Pid, message: unknown): void;
  /**
   * Every other signal; `message_named` and `spawn_request` throw as `message` does.
   */
  signal(signal: Signal): void;
  /** Somebody wrote this node with a port: where to dial it, if the next signal to it has to wait for a session. */
  hint(node: string, port: number): void;
  /**
   * Whether what leads to the target's scheduler or node is below its high-water mark, for what `from` sends. True also
   * for a node that is not connected and for this node. `Scheduler.laneReady()` is called whenever an answer changed to true.
   */
  ready(node: string, scheduler: number | undefined, from?: Pid): boolean;
}

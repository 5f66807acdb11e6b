/** What rooms need of the scheduler that they are on. */
import type { Millis } from "../base/millis.ts";

export interface RoomWorld {
  now(): Millis;
  /** Connected nodes that can be in rooms. */
  nodes(): Iterable<string>;
  /** `to`: a scheduler over there, 0 for any. False: the lane is full, nothing was sent; never for `control`. */
  toNode(node: string, to: number, body: Uint8Array, control: boolean): boolean;
  /** The same to another scheduler of this node. */
  toScheduler(scheduler: number, body: Uint8Array, control: boolean): boolean;
  /** Hands on what came over a lane: it was bounded there. */
  relay(scheduler: number, body: Uint8Array, source: RoomSource): void;
  /** Everybody in the topic of a room, on the web servers of this scheduler. */
  toTopic(room: string, isFramed: boolean, data: string | Uint8Array): void;
}

/** Where a room message came from. */
export interface RoomSource {
  /** Undefined: this one. */
  readonly node: string | undefined;
  readonly creation: number;
  /** The scheduler of this node over whose port it came; undefined: over a lane. */
  readonly hop: number | undefined;
}

/** Which scheduler of which incarnation of its node this is. */
export interface RoomPlace {
  /** From 1. */
  readonly index: number;
  readonly schedulers: number;
  readonly creation: number;
  /** 48 random bits: this scheduler as an origin, until its thread ends. */
  readonly origin: number;
}

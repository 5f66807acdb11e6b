/** Who is in which room, all over the cluster, as far as this scheduler has heard. */
import type { RoomMember } from "../process/room-api.ts";

/** A socket of this scheduler. */
export interface OwnSocket {
  readonly id: string;
  readonly number: number;
}

export interface MemberBook {
  /** A socket of ours is in the room, or shows something else of itself. */
  enter(room: string, socket: OwnSocket, presence: unknown): void;
  leave(room: string, socket: OwnSocket): void;
  members(room: string): readonly RoomMember[];
  count(room: string): number;
}

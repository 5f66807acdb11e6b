/** Who is in which room, over the whole cluster: what a scheduler knows without asking, and who wants to hear of changes. */
import type { RoomMember } from "../process/room-api.ts";
import type { Change } from "../wire/replica-message.ts";
import type { MemberBook, OwnSocket } from "./member-book.ts";

/** What changed in one room. */
export interface RoomDiff {
  readonly room: string;
  /** New ones, and those who show something else of themselves. */
  readonly joined: readonly RoomMember[];
  /** Ids of sockets. */
  readonly left: readonly string[];
}

export interface RoomMembersOptions {
  /** The name of this node. */
  readonly node: string;
  /** An own entry changed: for the rest of the cluster. */
  readonly tell: (change: Change) => void;
  readonly changed: (diff: RoomDiff) => void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The value of a member's entry in the replicated table. Shape: JSON `[id]` or `[id, presence]`. */
export function encodeMember(id: string, presence: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(presence === undefined ? [id] : [id, presence]));
}

/** Undefined: not an entry of ours. */
function decodeMember(node: string, value: Uint8Array): RoomMember | undefined {
  try {
    const [socket, presence] = JSON.parse(decoder.decode(value)) as [unknown, unknown];
    return typeof socket === "string" ? { socket, node, presence } : undefined;
  } catch {
    return undefined;
  }
}

type Members = Map<string, RoomMember>;

export class RoomMembers implements MemberBook {
  readonly #options: RoomMembersOptions;
  /** By room, then by node and number. */
  readonly #rooms = new Map<string, Members>();
  /** Rooms in which a node has members, by node. */
  readonly #byNode = new Map<string, Map<string, number>>();

  constructor(options: RoomMembersOptions) {
    this.#options = options;
  }

  /** Rooms with members anywhere. */
  get size(): number {
    return this.#rooms.size;
  }

  enter(room: string, { id, number }: OwnSocket, presence: unknown): void {
    const { node, tell, changed } = this.#options;
    const value = encodeMember(id, presence);
    const member: RoomMember = { socket: id, node, presence };
    this.#set(room, node, number, member);
    tell({ bucket: room, member: number, value });
    changed({ room, joined: [member], left: [] });
  }

  leave(room: string, { id, number }: OwnSocket): void {
    const { node, tell, changed } = this.#options;
    if (this.#set(room, node, number, undefined) === undefined) return;
    tell({ bucket: room, member: number, value: undefined });
    changed({ room, joined: [], left: [id] });
  }

  members(room: string): readonly RoomMember[] {
    return [...(this.#rooms.get(room)?.values() ?? [])];
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0;
  }

  /** Entries of a node changed; `isOwn` says which of them this scheduler knows better. */
  apply(node: string, changes: readonly Change[], isOwn: (number: number) => boolean): void {
    const diffs = new Map<string, { joined: RoomMember[]; left: string[] }>();
    for (const { bucket: room, member: number, value } of changes) {
      if (isOwn(number)) continue;
      const member = value && decodeMember(node, value);
      const before = this.#set(room, node, number, member);
      const diff = diffs.get(room) ?? { joined: [], left: [] };
      diffs.set(room, diff);
      if (before !== undefined && before.socket !== member?.socket) diff.left.push(before.socket);
      if (member !== undefined) diff.joined.push(member);
    }
    for (const [room, diff] of diffs) this.#options.changed({ room, ...diff });
  }

  /** Nothing is known of this node any more. */
  clear(node: string): void {
    const rooms = this.#byNode.get(node);
    this.#byNode.delete(node);
    for (const room of rooms?.keys() ?? []) {
      const members = this.#rooms.get(room);
      if (members === undefined) continue;
      const left: string[] = [];
      for (const [key, member] of members) {
        if (member.node !== node) continue;
        members.delete(key);
        left.push(member.socket);
      }
      if (members.size === 0) this.#rooms.delete(room);
      this.#options.changed({ room, joined: [], left });
    }
  }

  /** Returns what was there before. */
  #set(
    room: string,
    node: string,
    number: number,
    member: RoomMember | undefined,
  ): RoomMember | undefined {
    const key = `${node} ${number}`;
    const members = this.#rooms.get(room);
    const before = members?.get(key);
    if (member === undefined) {
      if (before === undefined || members === undefined) return undefined;
      members.delete(key);
      if (members.size === 0) this.#rooms.delete(room);
      this.#count(node, room, -1);
      return before;
    }
    if (members === undefined) this.#rooms.set(room, new Map([[key, member]]));
    else members.set(key, member);
    if (before === undefined) this.#count(node, room, 1);
    return before;
  }

  #count(node: string, room: string, by: number): void {
    let rooms = this.#byNode.get(node);
    if (rooms === undefined) this.#byNode.set(node, (rooms = new Map()));
    const count = (rooms.get(room) ?? 0) + by;
    if (count > 0) rooms.set(room, count);
    else rooms.delete(room);
    if (rooms.size === 0) this.#byNode.delete(node);
  }
}

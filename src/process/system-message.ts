import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { RoomMember, SocketId } from "./room-api.ts";

/**
 * Messages that the system puts into a mailbox. They are nominal: a private member keeps a user's union from holding
 * one by accident, and a typed pid from taking one.
 */
abstract class SystemMessageBase {
  readonly #nominal = true;

  /** Whether a value is one of them: a user's message must not be. */
  static is(value: unknown): value is SystemMessage {
    return typeof value === "object" && value !== null && #nominal in value;
  }
}

/** What a monitor reports, once: the target ended, never existed, or its node is out of reach. Source: OTP 'DOWN'. */
export class Down extends SystemMessageBase {
  readonly type = "down";
  /** What `monitor` or `spawnMonitor` returned. */
  readonly ref: Ref;
  /** The pid, or `{ name, node }` if it was monitored by name. */
  readonly target: Pid | { readonly name: string; readonly node: string };
  /** The target's exit reason, `"noproc"` or `"noconnection"`. */
  readonly reason: ExitReason;

  constructor(ref: Ref, target: Down["target"], reason: ExitReason) {
    super();
    this.ref = ref;
    this.target = target;
    this.reason = reason;
  }
}

/** An exit signal, received by a process that traps exits. Source: OTP 'EXIT'. */
export class Exit extends SystemMessageBase {
  readonly type = "exit";
  readonly from: Pid;
  readonly reason: ExitReason;

  constructor(from: Pid, reason: ExitReason) {
    super();
    this.from = from;
    this.reason = reason;
  }
}

/** A node joined: comes before its first signal. */
export class NodeUp extends SystemMessageBase {
  readonly type = "nodeup";
  readonly node: string;

  constructor(node: string) {
    super();
    this.node = node;
  }
}

/** A node is gone: comes after its last signal, and after the `noconnection` of its links and monitors. */
export class NodeDown extends SystemMessageBase {
  readonly type = "nodedown";
  readonly node: string;
  readonly reason: ExitReason;

  constructor(node: string, reason: ExitReason) {
    super();
    this.node = node;
    this.reason = reason;
  }
}

/** Told to both holders of a global name when a healed split leaves one of them. */
export class NameConflict extends SystemMessageBase {
  readonly type = "nameconflict";
  readonly name: string;
  readonly kept: Pid;
  readonly lost: Pid;
  /** Of the holder that stays. */
  readonly fence: number;

  constructor(name: string, kept: Pid, lost: Pid, fence: number) {
    super();
    this.name = name;
    this.kept = kept;
    this.lost = lost;
    this.fence = fence;
  }
}

/** Members joined or left a group that is monitored, or all groups of a scope. Source: OTP, pg:monitor. */
export class GroupChange extends SystemMessageBase {
  readonly type = "groupchange";
  /** What `groups.monitor` returned. */
  readonly ref: Ref;
  readonly group: string;
  readonly scope: string;
  /** Each as often as it joined. */
  readonly joined: readonly Pid<unknown>[];
  readonly left: readonly Pid<unknown>[];

  constructor(ref: Ref, change: Omit<GroupChange, "type" | "ref">) {
    super();
    this.ref = ref;
    this.group = change.group;
    this.scope = change.scope;
    this.joined = change.joined;
    this.left = change.left;
  }
}

/** Members of a room came, went, or show something else of themselves; for a process that watches the room. */
export class RoomChange extends SystemMessageBase {
  readonly type = "roomchange";
  readonly room: string;
  /** The first one after `watch` has everybody. */
  readonly joined: readonly RoomMember[];
  readonly left: readonly SocketId[];

  constructor(room: string, joined: readonly RoomMember[], left: readonly SocketId[]) {
    super();
    this.room = room;
    this.joined = joined;
    this.left = left;
  }
}

export type SystemMessage =
  Down | Exit | NodeUp | NodeDown | NameConflict | GroupChange | RoomChange;

/** Whether a value is a system message, which nobody may send. */
export const isSystemMessage = (value: unknown): value is SystemMessage =>
  SystemMessageBase.is(value);

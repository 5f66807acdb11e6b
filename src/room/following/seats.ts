/**
 * Who in a room gets a message, and how: those in its topic by one call of the web server, those apart one by one. A seat
 * for which more waits than may leaves the topic, and gets nothing until it has drained.
 */
import type { LocalRoom, Seat } from "./local-room.ts";
import { originText, type OutgoingMessage } from "../outgoing-message.ts";
import type { RoomWorld } from "../room-world.ts";

const NOBODY: readonly string[] = [];

/** Hands a message to everybody here, and moves the room on. */
export function deliver(world: RoomWorld, room: LocalRoom, out: OutgoingMessage): void {
  const { origin, number, message } = out;
  const followed = room.origins.get(origin);
  if (followed !== undefined) followed.number = number;
  const except = message.except.length === 0 ? NOBODY : message.except;
  const outside = except.flatMap((id) => {
    const member = room.members.get(id);
    return member === undefined || room.apart.has(member) ? [] : member;
  });
  for (const { seat } of outside) seat.exit(room.name);
  if (room.framedCount > 0) world.toTopic(room.name, true, out.framed);
  if (room.rawCount > 0) world.toTopic(room.name, false, out.raw);
  for (const { seat } of outside) seat.enter(room.name);
  for (const member of room.apart) {
    if (except.includes(member.seat.id)) continue;
    if (member.stuckAt !== undefined) member.latest = out.kept();
    else if (member.done.has(origin)) member.seat.deliver(out);
  }
}

/** The seat leaves the topic of the room: more waits for it than it may have. */
export function stick(room: LocalRoom | undefined, seat: Seat): void {
  const member = room?.members.get(seat.id);
  if (member === undefined || member.isCatchingUp || member.stuckAt !== undefined) return;
  member.stuckAt = member.room.cursor();
  member.room.apart.add(member);
  seat.exit(member.room.name);
}

/** It has drained: it is told of what it missed, with `keepsLatest` gets the newest of it, and then what comes. */
export function unstick(room: LocalRoom | undefined, seat: Seat, keepsLatest: boolean): void {
  const member = room?.members.get(seat.id);
  if (room === undefined || member?.stuckAt === undefined) return;
  const { stuckAt } = member;
  const latest = keepsLatest ? member.latest : undefined;
  member.stuckAt = member.latest = undefined;
  for (const [origin, last] of room.cursor()) {
    const after = stuckAt.get(origin) ?? 0;
    const upTo = latest?.origin === origin ? latest.number - 1 : last;
    if (upTo <= after) continue;
    const to = originText(origin);
    seat.tell({ type: "gap", room: room.name, origin: to, after, upTo, cause: "slow" });
  }
  if (latest !== undefined) seat.deliver(latest);
  room.apart.delete(member);
  seat.enter(room.name);
}

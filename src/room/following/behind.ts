/** Members that are behind their room: what of an answer is for them, and when nothing more is to be waited for. */
import type { Millis } from "../../base/millis.ts";
import type { RoomTell } from "../../wire/room-answer.ts";
import type { LocalRoom, Membership } from "./local-room.ts";
import { originText, OutgoingMessage } from "../outgoing-message.ts";

/**
 * Milliseconds that a question may take: the other side counts ages from when it gets there. A lane that fell silent takes six seconds to
 * be found out, and then to be repaired. What that brings too much is left out here.
 */
export const QUESTION_MS = 20_000;

/** The same for what a client says of itself when it comes. */
const ON_THE_WAY_MS = 5_000;

/** Messages of an origin that do not come: those behind `after`, up to `upTo`; null: nobody knows. */
interface Gap {
  readonly origin: number;
  readonly after: number;
  readonly upTo: number | null;
}

/** A member gets all of the answer that it has not had. */
export function serve(member: Membership, tell: RoomTell, now: Millis): void {
  const { origin, entries, first, last } = tell;
  const had = member.resumed?.get(origin);
  const ageMs = now - member.memberSince;
  const hasHole = had === undefined ? tell.trimmedAgeMs <= ageMs : had + 1 < first && had < last;
  if (hasHole) tellGap(member, { origin, after: had ?? 0, upTo: first - 1 }, "window");
  for (const entry of entries) {
    // Its word of how long it has been a member was under way, and grew no older meanwhile.
    if (had === undefined ? entry.ageMs > ageMs + ON_THE_WAY_MS : entry.number <= had) continue;
    if (isExcluded(member, entry.except)) continue;
    member.seat.deliver(new OutgoingMessage(member.room.name, origin, entry.number, entry));
  }
  member.done.add(origin);
}

/**
 * An origin that nobody here knew: those who were members elsewhere before this room was followed here get what is older
 * than that, or hear that they will not. `before`: number of the last message that the room does not get.
 */
export function bringOlder(room: LocalRoom, tell: RoomTell, before: number, now: Millis): void {
  const { origin } = tell;
  const behind = [...room.members.values()].filter(
    (member) => member.resumed !== undefined && !room.apart.has(member),
  );
  for (const member of behind) {
    // Asked before it came, for less than it misses; the answer to its own question comes too late, behind newer messages.
    if (member.question <= tell.id) continue;
    const had = member.resumed?.get(origin) ?? 0;
    if (before > had) tellGap(member, { origin, after: had, upTo: before }, "origin_lost");
    member.done.add(origin);
  }
  const roomAgeMs = now - room.since;
  const older = tell.entries.filter(({ ageMs }) => ageMs > roomAgeMs);
  const trimmedAgeMs = tell.trimmedAgeMs <= roomAgeMs ? Infinity : tell.trimmedAgeMs;
  if (older.length === 0 && trimmedAgeMs === Infinity) return;
  for (const member of behind) {
    if (member.question > tell.id) continue;
    serve(member, { ...tell, entries: older, trimmedAgeMs }, now);
  }
}

/**
 * Whether a member has still to hear of an origin. Those that nobody knows are waited for, and then given up; of those that
 * are no more it is told here.
 */
export function isWaiting(member: Membership, now: Millis): boolean {
  const { room, resumed } = member;
  const isLate = now >= member.deadline;
  let waits = false;
  const origins = new Set([...(resumed?.keys() ?? []), ...room.origins.keys()]);
  for (const origin of origins) {
    if (member.done.has(origin)) continue;
    const followed = room.origins.get(origin);
    const had = resumed?.get(origin);
    // Of an origin that it never heard of it misses what came while it was away from all of its nodes.
    const isMissed =
      had !== undefined || (followed !== undefined && followed.since >= member.memberSince);
    if (followed?.state === "ended") {
      member.done.add(origin);
      if (isMissed && (had ?? 0) < followed.number) {
        tellGap(member, { origin, after: had ?? 0, upTo: followed.number }, "origin_lost");
      }
    } else if (isLate || followed?.state === "gone") {
      member.done.add(origin);
      const upTo = followed === undefined || followed.state === "gone" ? null : followed.number;
      // A room that is behind the client has lost nothing yet: what follows comes to everybody in it.
      if (upTo === null ? isMissed : upTo > (had ?? 0)) {
        tellGap(member, { origin, after: had ?? 0, upTo }, "origin_lost");
      }
    } else {
      waits = true;
    }
  }
  return waits;
}

function tellGap(
  { seat, room }: Membership,
  { origin, after, upTo }: Gap,
  cause: "window" | "origin_lost",
): void {
  seat.tell({ type: "gap", room: room.name, origin: originText(origin), after, upTo, cause });
}

function isExcluded({ seat, was }: Membership, except: readonly string[]): boolean {
  return except.some((id) => id === seat.id || was.includes(id));
}

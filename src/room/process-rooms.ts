import { MisuseError } from "../base/error.ts";
import { ROOM_EXCEPT_MAX } from "../base/limits.ts";
import { shown } from "../base/shown.ts";
import type { Process } from "../process/process.ts";
import type { PublishOptions, Room, RoomMember, Rooms } from "../process/room-api.ts";
import { SOCKET_ID_CHARS_MAX } from "../wire/room-entry.ts";
import type { MemberBook } from "./member-book.ts";
import { messageOf } from "./publishing.ts";
import type { RoomHub } from "./room-hub.ts";
import { roomName } from "./room-name.ts";

/** What `ctx.rooms` works on. */
export interface RoomsOfScheduler {
  readonly hub: RoomHub;
  readonly book: MemberBook;
  watch(process: Process, room: string, on: boolean): void;
}

const NOBODY: readonly string[] = [];

const SOCKET_ID = new RegExp(`^[ -~]{1,${SOCKET_ID_CHARS_MAX}}$`);

type AnyRoom = Room<never> | string;

/** Rooms as one process uses them. */
export class ProcessRooms implements Rooms {
  readonly #process: Process;
  readonly #rooms: RoomsOfScheduler;

  constructor(process: Process, rooms: RoomsOfScheduler) {
    this.#process = process;
    this.#rooms = rooms;
  }

  publish(room: AnyRoom, event: unknown, options?: PublishOptions): void {
    this.#process.assertRunning();
    const { message, text } = messageOf(event, exceptOf(options?.except));
    this.#rooms.hub.publish(roomName(room), message, text);
  }

  members(room: AnyRoom): readonly RoomMember[] {
    return this.#rooms.book.members(roomName(room));
  }

  count(room: AnyRoom): number {
    return this.#rooms.book.count(roomName(room));
  }

  presence<P>(room: AnyRoom): readonly RoomMember<P>[] {
    const shown = this.members(room).filter(({ presence }) => presence !== undefined);
    return shown as readonly RoomMember<P>[];
  }

  watch(room: AnyRoom, on = true): void {
    this.#process.assertRunning();
    this.#rooms.watch(this.#process, roomName(room), on);
  }
}

/**
 * A room with the type of what is published in it: `room<Event>("lobby")`.
 * @throws {MisuseError} bad_argument: a name has 1 to 255 characters and no control characters
 */
export function room<E>(name: string): Room<E> {
  if (typeof name !== "string") throw new MisuseError("bad_argument", "a room's name is a string");
  return { name: roomName(name) } as unknown as Room<E>;
}

/** What other schedulers would refuse to read is refused here. @throws {MisuseError} bad_argument */
function exceptOf(given: PublishOptions["except"]): readonly string[] {
  if (given === undefined) return NOBODY;
  const except = typeof given === "string" ? [given] : given;
  if (!Array.isArray(except) || except.length > ROOM_EXCEPT_MAX) {
    const got = Array.isArray(except) ? `${except.length} of them` : shown(except);
    const text = `except: expected at most ${ROOM_EXCEPT_MAX} ids of sockets, got ${got}`;
    throw new MisuseError("bad_argument", text);
  }
  for (const id of except as readonly unknown[]) {
    if (typeof id === "string" && SOCKET_ID.test(id)) continue;
    throw new MisuseError("bad_argument", `except: expected the id of a socket, got ${shown(id)}`);
  }
  return [...except];
}

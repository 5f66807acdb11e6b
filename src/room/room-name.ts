import { MisuseError } from "../base/error.ts";
import { ROOM_NAME_CHARS_MAX } from "../base/limits.ts";

/** @throws {MisuseError} bad_argument */
export function roomName(given: string | { readonly name: string }): string {
  const name = typeof given === "string" ? given : given.name;
  if (!isRoomName(name)) {
    const text = `a room's name has 1 to ${ROOM_NAME_CHARS_MAX} characters and no control characters`;
    throw new MisuseError("bad_argument", text);
  }
  return name;
}

/** Names stand in the first line of a frame. */
export const isRoomName = (name: unknown): name is string =>
  typeof name === "string" &&
  name.length >= 1 &&
  name.length <= ROOM_NAME_CHARS_MAX &&
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  !/[\u0000-\u001f\u007f\ud800-\udfff]/u.test(name);

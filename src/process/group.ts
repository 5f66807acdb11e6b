import { MisuseError } from "../base/error.ts";
import { NAME_CHARS_MAX } from "../base/limits.ts";
import type { Group } from "./api.ts";

/** The scope of groups that are made without one. */
export const DEFAULT_SCOPE = "default";

class NamedGroup {
  readonly name: string;
  readonly scope: string;

  constructor(name: string, scope: string) {
    this.name = name;
    this.scope = scope;
  }
}

/**
 * A group of processes all over the cluster, by name, with the messages that its members take. Groups of different
 * scopes have nothing to do with each other. It exists while it has members. Source: OTP, pg.
 * @throws {MisuseError} bad_argument: empty, or name and scope together over 254 characters
 */
export function group<M>(name: string, scope: string = DEFAULT_SCOPE): Group<M> {
  const fits =
    typeof name === "string" &&
    typeof scope === "string" &&
    name !== "" &&
    scope !== "" &&
    name.length + scope.length < NAME_CHARS_MAX &&
    !`${scope}${name}`.includes("\0");
  if (!fits) {
    const limits = `1 to ${NAME_CHARS_MAX - 1} characters together, none of them NUL`;
    throw new MisuseError("bad_argument", `the name and the scope of a group have ${limits}`);
  }
  return new NamedGroup(name, scope) as unknown as Group<M>;
}

import { MisuseError, SpawnError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { SCHEDULERS_MAX } from "../../base/limits.ts";
import { Pid } from "../../term/pid.ts";
import type { Place } from "../../process/api.ts";
import { nodeNameOf, type NodeHost } from "../../process/target.ts";

/** A place, made plain: `scheduler` undefined means that the node chooses, which on this node is the asking scheduler. */
export interface PlainPlace {
  readonly node: string;
  readonly scheduler: number | "spread";
}

/**
 * Reads a place. Another node chooses its scheduler in turn; on this node it is the asking one unless told otherwise.
 * @throws {SpawnError} badarg
 */
export function placeOf(where: Place, host: NodeHost, ownIndex: number): PlainPlace {
  const { nodeName: ownNode } = host;
  if (where instanceof Pid) return { node: where.node, scheduler: where.scheduler };
  let node: string | undefined;
  let scheduler: number | "spread" | undefined;
  if (typeof where === "string") {
    node = nodeNameOf(where, host);
  } else if (typeof where === "object" && where !== null) {
    const place = where as { readonly node?: unknown; readonly scheduler?: number | "spread" };
    if (place.node === undefined) node = ownNode;
    else if (typeof place.node === "string") node = nodeNameOf(place.node, host);
    scheduler = place.scheduler;
  }
  if (node === undefined || !/^[^@\s]+@[^@\s]+$/.test(node)) {
    const got = shown(node ?? where);
    const text = `a place is name@host, a pid, or { node, scheduler }, got ${got}`;
    throw new SpawnError("badarg", text);
  }
  scheduler ??= node === ownNode ? ownIndex : "spread";
  if (
    scheduler !== "spread" &&
    !(Number.isInteger(scheduler) && scheduler >= 1 && scheduler <= SCHEDULERS_MAX)
  ) {
    throw new SpawnError(
      "badarg",
      `a scheduler is a number from 1 or "spread", got ${shown(scheduler)}`,
    );
  }
  return { node, scheduler };
}

/** @throws {MisuseError} bad_argument: arguments that are no list */
export function assertArgs(args: unknown): asserts args is readonly unknown[] {
  if (!Array.isArray(args))
    throw new MisuseError("bad_argument", `arguments are an array, got ${shown(args)}`);
}

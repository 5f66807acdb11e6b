import { MisuseError } from "../../base/error.ts";
import type { AnyStartable } from "../../process/api.ts";
import { lookup, nameText } from "../../process/registry.ts";
import type { PlacementFunction } from "./placement.ts";
import type { RestartType } from "./restart.ts";
import type { ChildPolicy } from "./supervision-io.ts";
import type { Child, ChildSpec } from "./supervisor-api.ts";

/** A child spec as plain data: what `child` makes, what travels to a supervisor, and what its core decides by. */
export interface ChildData extends ChildPolicy {
  readonly functionName: string;
  /** Dropped from a temporary child once it runs: it is never started again. Source: OTP supervisor. */
  readonly args: readonly unknown[];
  readonly kind: "worker" | "supervisor";
  /** Whether it says how its init went. */
  readonly reports: boolean;
  readonly name: string | undefined;
  /** Infinity: waits for ever. */
  readonly shutdownMs: number | "brutal_kill";
  /** Nodes in order of preference; empty: beside the supervisor. */
  readonly on: readonly string[];
  /** Names the nodes instead: a defined function's name, or a function, which cannot be sent. */
  readonly placement: string | PlacementFunction | undefined;
  readonly scheduler: number | "spread" | undefined;
}

const RESTART_TYPES: readonly RestartType[] = ["permanent", "transient", "temporary"];
const ON_NODE_DOWN = ["move", "wait", "stop"];

/** Milliseconds that a worker has between `shutdown` and `kill`. Source: OTP supervisor, default of a worker. */
const SHUTDOWN_MS = 5_000;

/**
 * A child spec, its arguments checked against what it starts.
 * @throws {MisuseError} bad_argument: a value out of its range, or a significant permanent child; not_defined
 */
export function child<D extends AnyStartable>(spec: ChildSpec<D>): Child {
  const { id, start, args, restart = "permanent", significant = false } = spec;
  const where = `child ${String(id)}`;
  check(typeof id === "string" && id.length > 0, where, "id must be a text");
  check(typeof start?.functionName === "string", where, "start must be a definition");
  check(Array.isArray(args), where, "args must be a list");
  check(
    RESTART_TYPES.includes(restart),
    where,
    `restart must be one of ${RESTART_TYPES.join(", ")}`,
  );
  check(
    !(significant && restart === "permanent"),
    where,
    "a permanent child cannot be significant",
  );
  const kind = lookup(start.functionName)?.kind;
  if (kind === undefined) {
    throw new MisuseError("not_defined", `${where}: ${start.functionName} is not defined`);
  }
  const isSupervisor = kind === "supervisor";
  const shutdownMs = spec.shutdownMs ?? (isSupervisor ? Infinity : SHUTDOWN_MS);
  const isTime = typeof shutdownMs === "number" && shutdownMs >= 0;
  check(
    isTime || shutdownMs === "brutal_kill",
    where,
    'shutdownMs must be ms from 0 or "brutal_kill"',
  );
  const { on, placement } = placeOf(spec.on, where);
  const { onNodeDown } = spec;
  check(
    onNodeDown === undefined || ON_NODE_DOWN.includes(onNodeDown),
    where,
    "onNodeDown is unknown",
  );
  const { scheduler = 1 } = spec;
  const isScheduler = scheduler === "spread" || (Number.isInteger(scheduler) && scheduler >= 1);
  check(isScheduler, where, 'scheduler must be a number from 1 or "spread"');
  const hasChoice = on.length > 1 || placement !== undefined;
  const isPlaced = on.length > 0 || placement !== undefined;
  const data: ChildData = {
    id,
    functionName: start.functionName,
    args: args as readonly unknown[],
    kind: isSupervisor ? "supervisor" : "worker",
    reports: kind !== "function",
    name: spec.name === undefined ? undefined : nameText(spec.name),
    restart,
    shutdownMs,
    significant,
    on,
    placement,
    scheduler: spec.scheduler,
    onNodeDown: isPlaced ? (onNodeDown ?? (hasChoice ? "move" : "wait")) : undefined,
  };
  return data as unknown as Child;
}

/** Whether a value that came in a message is a child spec. */
export function isChildData(value: unknown): value is ChildData {
  if (typeof value !== "object" || value === null) return false;
  const { id, functionName, args, restart, on, placement } = value as Partial<ChildData>;
  const isNamed = typeof id === "string" && typeof functionName === "string";
  if (!isNamed || !Array.isArray(args) || !RESTART_TYPES.includes(restart!)) return false;
  const isPlacement = ["undefined", "string", "function"].includes(typeof placement);
  return isPlacement && Array.isArray(on) && on.every((node) => typeof node === "string");
}

function placeOf(
  on: ChildSpec<AnyStartable>["on"],
  where: string,
): Pick<ChildData, "on" | "placement"> {
  if (typeof on === "function") {
    const { functionName } = on as { readonly functionName?: string };
    return { on: [], placement: functionName ?? (on as PlacementFunction) };
  }
  const nodes = typeof on === "string" ? [on] : ((on ?? []) as readonly string[]);
  check(
    Array.isArray(nodes) && nodes.every((node) => typeof node === "string"),
    where,
    "on must be a node's name, a list of names, or a function that names them",
  );
  return { on: nodes, placement: undefined };
}

function check(condition: boolean, where: string, text: string): void {
  if (!condition) throw new MisuseError("bad_argument", `${where}: ${text}`);
}

/**
 * Supervisors: processes that start, watch, restart and stop others. `supervision.ts` decides, `supervisor-process.ts` carries it
 * out, `child.ts` says what a child is. Here: the definition, and what a supervisor can be asked. Source: OTP supervisor.
 */
import { CallError, MisuseError, StartError } from "../../base/error.ts";
import type {
  Args,
  Caller,
  ExitReason,
  Pid,
  StartOptions,
  UntypedTarget,
  Wait,
} from "../../process/api.ts";
import { type ChildData, isChildData } from "./child.ts";
import { callServer } from "../server/client.ts";
import type { AutoShutdown, Strategy } from "./restart.ts";
import { registerServer } from "../server/server.ts";
import {
  addHandler,
  createHandlers,
  type Handler,
  type ServerProcessContext,
  type ServerTable,
} from "../server/server-loop.ts";
import { fail, type FromVerdict, MessageTypes, stop } from "../server/server-message.ts";
import { processOfCaller, startProcess } from "../start.ts";
import { stopProcess } from "../server/stop.ts";
import type { SupervisionOptions, SupervisorRequest } from "./supervision-io.ts";
import { SupervisorDriver } from "./supervisor-process.ts";
import type {
  Child,
  ChildCounts,
  ChildInfo,
  Supervisor,
  SupervisorBehaviour,
} from "./supervisor-api.ts";

/** Source: OTP supervisor, defaults of sup_flags. */
const INTENSITY = 1;
const PERIOD_MS = 5_000;

/** A node that comes and goes once a minute is lived with; a child that takes its nodes down with it is slowed. */
const NODE_LOSSES = { intensity: 5, periodMs: 60_000 };

const STRATEGIES: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];
const AUTO_SHUTDOWN: readonly AutoShutdown[] = ["never", "any_significant", "all_significant"];

type Where = Pid | UntypedTarget;

/**
 * Defines a supervisor under a name by which it can be started anywhere, also as another one's child.
 * @throws {ConfigError} function_defined_twice @throws {MisuseError} bad_argument: a value out of its range
 */
export function defineSupervisor<const N extends string, A extends readonly unknown[] = []>(
  name: N,
  behaviour: SupervisorBehaviour<A>,
  options?: { readonly version?: number },
): Supervisor<N, A> {
  const settings = settingsOf(name, behaviour);
  const children = behaviour.children as unknown as (...args: unknown[]) => readonly Child[];
  const table = createTable(settings, (args) => specsOf(name, settings, children(...args)));
  registerServer(name, table, options?.version ?? 1, "supervisor");
  const ask = (by: Caller, to: Where, call: string, wait: Wait | undefined, ...args: unknown[]) =>
    callServer(by, to, new MessageTypes("call", call), args, wait);
  const supervisor = {
    functionName: name,
    start: (by: Caller, ...[args, start]: Args<A, StartOptions>): Promise<Pid> =>
      startProcess(
        processOfCaller(by),
        { functionName: name, args: args ?? [], reports: true },
        start,
      ),
    startChild: (by: Caller, to: Where, child: Child, wait?: Wait): Promise<Pid> =>
      ask(by, to, "start_child", wait, child).catch(asStartError) as Promise<Pid>,
    restartChild: (by: Caller, to: Where, id: string, wait?: Wait): Promise<Pid> =>
      ask(by, to, "restart_child", wait, id).catch(asStartError) as Promise<Pid>,
    terminateChild: (by: Caller, to: Where, id: string, wait?: Wait): Promise<void> =>
      ask(by, to, "terminate_child", wait, id) as Promise<void>,
    deleteChild: (by: Caller, to: Where, id: string, wait?: Wait): Promise<void> =>
      ask(by, to, "delete_child", wait, id) as Promise<void>,
    whichChildren: (by: Caller, to: Where, wait?: Wait): Promise<readonly ChildInfo[]> =>
      ask(by, to, "which_children", wait) as Promise<readonly ChildInfo[]>,
    countChildren: (by: Caller, to: Where, wait?: Wait): Promise<ChildCounts> =>
      ask(by, to, "count_children", wait) as Promise<ChildCounts>,
    stop: (by: Caller, to: Where, reason?: ExitReason, wait?: Wait): Promise<void> =>
      stopProcess(by, to, reason ?? "shutdown", wait),
  };
  return supervisor as unknown as Supervisor<N, A>;
}

function settingsOf<A extends readonly unknown[]>(
  name: string,
  behaviour: SupervisorBehaviour<A>,
): SupervisionOptions {
  const { strategy = "one_for_one", intensity = INTENSITY, periodMs = PERIOD_MS } = behaviour;
  const { autoShutdown = "never", backoff, nodeLosses = NODE_LOSSES } = behaviour;
  const check = (condition: boolean, text: string): void => {
    if (!condition) throw new MisuseError("bad_argument", `supervisor ${name}: ${text}`);
  };
  check(typeof behaviour.children === "function", "children must be a function");
  check(STRATEGIES.includes(strategy), `strategy must be one of ${STRATEGIES.join(", ")}`);
  check(Number.isInteger(intensity) && intensity >= 0, "intensity must be a count from 0");
  check(periodMs > 0, "periodMs must be milliseconds above 0");
  check(
    AUTO_SHUTDOWN.includes(autoShutdown),
    `autoShutdown must be one of ${AUTO_SHUTDOWN.join(", ")}`,
  );
  const isOrdered = backoff === undefined || (backoff.minMs > 0 && backoff.maxMs >= backoff.minMs);
  check(isOrdered, "backoff must have 0 < minMs <= maxMs");
  check(
    Number.isInteger(nodeLosses.intensity) && nodeLosses.intensity >= 1 && nodeLosses.periodMs >= 0,
    "nodeLosses must have an intensity from 1 and periodMs from 0",
  );
  return { strategy, intensity, periodMs, autoShutdown, backoff, nodeLosses };
}

/** @throws {MisuseError} bad_argument: not made by `child`, an id twice, or significant for nobody */
function specsOf(
  name: string,
  settings: SupervisionOptions,
  children: readonly Child[],
): readonly ChildData[] {
  const ids = new Set<string>();
  for (const spec of children as readonly unknown[]) {
    if (!isChildData(spec)) {
      throw new MisuseError("bad_argument", `supervisor ${name}: children are made by child(…)`);
    }
    if (ids.has(spec.id)) {
      throw new MisuseError(
        "bad_argument",
        `supervisor ${name}: two children have the id ${spec.id}`,
      );
    }
    if (isIdle(spec, settings)) {
      throw new MisuseError(
        "bad_argument",
        `supervisor ${name}: child ${spec.id} is significant, and autoShutdown is never`,
      );
    }
    ids.add(spec.id);
  }
  return (children as unknown as readonly ChildData[]).map(ownCopy);
}

/** Significant where nothing follows from it: somebody expects otherwise. Source: OTP supervisor, bad_combination. */
const isIdle = (spec: ChildData, { autoShutdown }: SupervisionOptions): boolean =>
  spec.significant && autoShutdown === "never";

/** The supervisor changes what it keeps, and a spec may be used again by whoever made it. */
const ownCopy = (spec: ChildData): ChildData => ({ ...spec });

const driverOf = (ctx: ServerProcessContext): SupervisorDriver => ctx.state as SupervisorDriver;

function createTable(
  settings: SupervisionOptions,
  specs: (args: unknown[]) => readonly ChildData[],
): ServerTable {
  const handlers = createHandlers();
  const addCall = (call: string, handler: Handler): void =>
    addHandler(handlers, "call", call, handler);
  const ask = (ctx: ServerProcessContext, request: SupervisorRequest<ChildData>): unknown => {
    const from = ctx.from() as unknown as FromVerdict;
    driverOf(ctx).request(request, from);
    return from;
  };
  addCall("start_child", (ctx, spec) =>
    isChildData(spec) && !isIdle(spec, settings)
      ? ask(ctx, { kind: "start_child", spec: ownCopy(spec) })
      : fail("bad_child"),
  );
  for (const kind of ["restart_child", "terminate_child", "delete_child"] as const) {
    addCall(kind, (ctx, id) => ask(ctx, { kind, id: String(id) }));
  }
  addCall("which_children", (ctx) => driverOf(ctx).whichChildren());
  addCall("count_children", (ctx) => driverOf(ctx).countChildren());
  return {
    handlers,
    init: async (ctx, ...args) => {
      ctx.trapExit(true);
      const driver = new SupervisorDriver(ctx, settings);
      const failure = await driver.init(specs(args));
      return failure === undefined ? driver : stop(failure.reason);
    },
    info: (ctx, message) => driverOf(ctx).info(message),
    idle: undefined,
    terminate: (ctx, reason) => driverOf(ctx).shutdown(reason),
    inspect: (ctx) => driverOf(ctx).whichChildren(),
  };
}

/** What a supervisor refuses or fails to start is a StartError; that it cannot be reached stays a CallError. */
function asStartError(error: unknown): never {
  if (!(error instanceof CallError) || error.code !== "failed") throw error;
  const { code, detail } = error.reason as { readonly code: string; readonly detail: unknown };
  if (code !== "already_started" && code !== "already_present" && code !== "init_failed")
    throw error;
  const cause = detail instanceof Error ? detail : error;
  throw new StartError(code, `child on ${error.target}: ${code}`, detail, { cause });
}

/**
 * Servers: a state, calls, casts, everything else. `defineServer` makes the definition; a process of it runs
 * `server-process.ts` around `server-loop.ts`; clients are made in `client.ts`. Source of the rules: OTP gen_server.
 */
import type {
  Args,
  Caller,
  ExitReason,
  Pid,
  StartOptions,
  Target,
  UntypedTarget,
  Wait,
} from "../../process/api.ts";
import type { ProcessContext } from "../../process/context.ts";
import { registerEntry } from "../../process/registry.ts";
import { createClientClass } from "./client.ts";
import type { Protocol, Server, ServerBehaviour } from "./server-api.ts";
import { addHandler, createHandlers, type Handler, type ServerTable } from "./server-loop.ts";
import { runServer } from "./server-process.ts";
import { processOfCaller, startProcess } from "../start.ts";
import { stopProcess } from "./stop.ts";
import { MisuseError } from "../../base/error.ts";

/**
 * Defines a server under a name by which it can be started anywhere. Write `init` first, or annotate its ctx with the
 * messages that `info` takes. A handler that calls its own server annotates its result.
 * @throws {ConfigError} function_defined_twice @throws {MisuseError} bad_argument
 */
export function defineServer<
  const N extends string,
  S,
  A extends readonly unknown[],
  C = {},
  K = {},
  M = never,
>(
  name: N,
  behaviour: ServerBehaviour<S, A, C, K, M>,
  options?: { readonly version?: number },
): Server<N, A, C, K, M> {
  const calls = handlersOf(name, "calls", behaviour.calls);
  const casts = handlersOf(name, "casts", behaviour.casts);
  const table = createTable(name, behaviour as unknown as UntypedBehaviour, calls, casts);
  registerServer(name, table, options?.version ?? 1, "server");
  const Client = createClientClass([...calls.keys()], [...casts.keys()]);
  const server = {
    functionName: name,
    start: (by: Caller, ...[args, start]: Args<A, StartOptions>): Promise<Pid<Protocol<C, K, M>>> =>
      startProcess(
        processOfCaller(by),
        { functionName: name, args: args ?? [], reports: true },
        start,
      ) as Promise<Pid<unknown>>,
    client: (by: Caller, to: Target<never> | UntypedTarget, wait?: Wait): unknown =>
      new Client(by, to as Pid | UntypedTarget, wait),
    stop: (by: Caller, to: Pid | UntypedTarget, reason?: ExitReason, wait?: Wait): Promise<void> =>
      stopProcess(by, to, reason ?? "normal", wait),
  };
  return server as unknown as Server<N, A, C, K, M>;
}

interface UntypedBehaviour {
  readonly init: Handler;
  readonly info?: Handler;
  readonly idle?: Handler;
  readonly terminate?: Handler;
}

/** Registers what runs when a server, or a behaviour built on one, is started by name. */
export function registerServer(
  name: string,
  table: ServerTable,
  version: number,
  kind: "server" | "supervisor",
): void {
  const run = (ctx: unknown, ...args: unknown[]): Promise<void> =>
    runServer(table, ctx as ProcessContext, args);
  registerEntry({ name, version, kind, run: run as never });
}

function createTable(
  name: string,
  behaviour: UntypedBehaviour,
  calls: ReadonlyMap<string, Handler>,
  casts: ReadonlyMap<string, Handler>,
): ServerTable {
  if (typeof behaviour.init !== "function") {
    throw new MisuseError("bad_argument", `defineServer("${name}") wants an init function`);
  }
  const handlers = createHandlers();
  for (const [key, handler] of calls) addHandler(handlers, "call", key, handler);
  for (const [key, handler] of casts) {
    if (calls.has(key)) {
      throw new MisuseError("bad_argument", `server ${name}: ${key} is both a call and a cast`);
    }
    addHandler(handlers, "cast", key, handler);
  }
  const { init, info, idle, terminate } = behaviour;
  return { handlers, init, info, idle, terminate };
}

function handlersOf(server: string, group: string, handlers: unknown): Map<string, Handler> {
  const found = new Map<string, Handler>();
  for (const [key, handler] of Object.entries(handlers ?? {})) {
    if (typeof handler !== "function" || key === "then") {
      throw new MisuseError(
        "bad_argument",
        `server ${server}: ${group}.${key} cannot be a handler`,
      );
    }
    found.set(key, handler as Handler);
  }
  return found;
}

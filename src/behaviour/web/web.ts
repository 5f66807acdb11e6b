/**
 * Sites: HTTP and WebSocket on every scheduler of a node, on one port. A site is a process on the scheduler that started it,
 * and a helper on each of the others, linked to it; each has a server of its own, and the kernel spreads connections
 * over them. Where the code of sockets runs is `site-code.ts`.
 */
import { MisuseError } from "../../base/error.ts";
import type {
  Args,
  Caller,
  Pid,
  Startable,
  StartOptions,
  UntypedTarget,
} from "../../process/api.ts";
import { ProcessContext } from "../../process/context.ts";
import type { WebAddress, WebBehaviour } from "../../process/room-api.ts";
import type { OpenSite, WebService } from "../../process/web-host.ts";
import { createClientClass } from "../server/client.ts";
import { registerServer } from "../server/server.ts";
import type { CallMessage } from "../server/server-api.ts";
import { addHandler, createHandlers, type ServerProcessContext } from "../server/server-loop.ts";
import { stop } from "../server/server-message.ts";
import { SiteCode, type UntypedWeb } from "./site-code.ts";
import { processOfCaller, startProcess } from "../start.ts";
import { stopProcess } from "../server/stop.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import { Exit } from "../../process/system-message.ts";

/** Where a started site can be reached. */
export interface WebUrl {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** A defined site. */
export interface Web<N extends string, A extends readonly unknown[]> extends Startable<
  N,
  A,
  CallMessage<"address", [], WebUrl>
> {
  /**
   * Starts it on the node of `options.on` and resolves when every scheduler there serves it.
   * @throws {StartError} init_failed, with a `ConnectionError` `address_in_use` as cause when another program has the port
   */
  start(
    by: Caller,
    ...rest: Args<A, StartOptions>
  ): Promise<Pid<CallMessage<"address", [], WebUrl>>>;
  /** Where one listens. */
  address(by: Caller, to: Pid | UntypedTarget): Promise<WebUrl>;
  stop(by: Caller, to: Pid | UntypedTarget, reason?: ExitReason): Promise<void>;
}

/** The first argument of a helper: it serves what another scheduler has found to be free. */
interface Help {
  readonly type: "$web";
  readonly host: string;
  readonly port: number;
  readonly tls: WebAddress["tls"];
}

/** What a site's process keeps. */
interface SiteState {
  readonly site: OpenSite;
  readonly code: SiteCode;
  readonly help: Help;
  /** Which scheduler each helper serves; none in a helper. */
  readonly helpers: Map<Pid, number>;
}

type SiteContext = ServerProcessContext & { state: SiteState };

/**
 * Defines a site under a name by which it can be started anywhere, by `[[start]]`, or as a child of a supervisor.
 * @throws {ConfigError} function_defined_twice @throws {MisuseError} bad_argument
 */
export function defineWeb<const N extends string, A extends readonly unknown[] = [], D = unknown>(
  name: N,
  behaviour: WebBehaviour<A, D>,
  options?: { readonly version?: number },
): Web<N, A> {
  if (behaviour.listen === undefined) {
    throw new MisuseError("bad_argument", `defineWeb("${name}") wants to know where to listen`);
  }
  const web = behaviour as unknown as UntypedWeb;
  const handlers = createHandlers();
  addHandler(handlers, "call", "address", (ctx) => urlOf((ctx as SiteContext).state));
  const table = {
    handlers,
    init: (ctx: ServerProcessContext, ...args: unknown[]) => begin(name, web, ctx, args),
    info: (ctx: ServerProcessContext, message: unknown) => heard(name, ctx as SiteContext, message),
    idle: undefined,
    terminate: (ctx: ServerProcessContext) => (ctx as SiteContext).state.site.stop(),
    inspect: (ctx: ServerProcessContext) => look((ctx as SiteContext).state),
  };
  registerServer(name, table, options?.version ?? 1, "server");
  const Client = createClientClass(["address"], []);
  const site = {
    functionName: name,
    start: (by: Caller, ...[args, start]: Args<A, StartOptions>): Promise<Pid<unknown>> =>
      startProcess(
        processOfCaller(by),
        { functionName: name, args: args ?? [], reports: true },
        start,
      ),
    address: (by: Caller, to: Pid | UntypedTarget): Promise<WebUrl> =>
      (new Client(by, to, undefined) as unknown as { address(): Promise<WebUrl> }).address(),
    stop: (by: Caller, to: Pid | UntypedTarget, reason?: ExitReason): Promise<void> =>
      stopProcess(by, to, reason ?? "normal", undefined),
  };
  return site as unknown as Web<N, A>;
}

async function begin(
  name: string,
  web: UntypedWeb,
  ctx: ServerProcessContext,
  args: readonly unknown[],
): Promise<SiteState> {
  ctx.trapExit(true);
  const service = ProcessContext.process(ctx).host.services.web;
  const code = new SiteCode(name, web, ctx, service);
  const [first] = args as readonly [Partial<Help>?];
  if (first?.type === "$web") {
    const help = first as Help;
    const site = open(service, code, help, true, ctx);
    return { site, code, help, helpers: new Map() };
  }
  const { host = "127.0.0.1", port, tls } = code.address(args);
  const wanted: Help = { type: "$web", host, port, tls };
  const alone = open(service, code, wanted, false, ctx);
  if (service.schedulers === 1) {
    return { site: alone, code, help: { ...wanted, port: alone.port }, helpers: new Map() };
  }
  // Nobody else has the port, or that would have thrown: now all schedulers may share it.
  const help: Help = { ...wanted, port: alone.port };
  alone.stop();
  const site = open(service, code, help, true, ctx);
  const state: SiteState = { site, code, help, helpers: new Map() };
  const others = Array.from({ length: service.schedulers }, (_none, place) => place + 1).filter(
    (scheduler) => scheduler !== service.index,
  );
  await Promise.all(others.map((scheduler) => startHelper(name, ctx, state, scheduler)));
  return state;
}

/** Also when the process is killed its server goes: no code of it runs then, but its signal aborts. */
function open(
  service: WebService,
  code: SiteCode,
  { host, port, tls }: Help,
  isShared: boolean,
  ctx: ProcessContext,
): OpenSite {
  const site = service.open({ ...code.plan, host, port, tls, isShared }, code);
  ctx.signal.addEventListener("abort", () => site.stop(), { once: true });
  return site;
}

async function startHelper(
  name: string,
  ctx: ServerProcessContext,
  { help, helpers }: SiteState,
  scheduler: number,
): Promise<void> {
  const pid = await startProcess(
    ProcessContext.process(ctx),
    { functionName: name, args: [help], reports: true },
    { on: { scheduler }, link: true },
  );
  helpers.set(pid, scheduler);
}

function heard(name: string, ctx: SiteContext, message: unknown): unknown {
  if (!(message instanceof Exit)) return ctx.log.warn("a message that a site does not take");
  const { state } = ctx;
  const { from, reason } = message;
  const scheduler = state.helpers.get(from);
  if (scheduler === undefined) return state.code.socketEnded(from, reason);
  state.helpers.delete(from);
  if (reason !== "killed") return stop(reason);
  // The whole scheduler was ended: another one is started in its place.
  startHelper(name, ctx, state, scheduler).catch((error: unknown) => {
    ctx.log.error("a scheduler does not serve its site any more", { scheduler, error });
    ctx.end(stop(error as ExitReason));
  });
}

function urlOf({ help: { host, port, tls } }: SiteState): WebUrl {
  const scheme = tls === undefined ? "http" : "https";
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return { host, port, url: `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}/` };
}

function look({ site, help: { host, port }, helpers }: SiteState): unknown {
  return { listens: `${host}:${port}`, sockets: site.sockets, helpers: [...helpers.values()] };
}

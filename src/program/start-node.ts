/**
 * A node in a program of one's own. The calling thread is scheduler 1, so that what runs here sends without a hop;
 * control and the other schedulers are workers. With `schedulers: "inline"` everything is on the calling thread.
 */
import { clock } from "../bun/clock.ts";
import { entropy } from "../bun/entropy.ts";
import { files } from "../bun/files.ts";
import { environment, hostCpus, workingDirectory } from "../bun/host.ts";
import { createLog } from "../bun/log.ts";
import { loadModules } from "../bun/modules.ts";
import { createThreads } from "../bun/worker-threads.ts";
import { ConfigError, ConnectionError } from "../base/error.ts";
import { parseConfig, type NodeConfig } from "../node/config.ts";
import { loadCookies } from "../node/cookie.ts";
import { modulePaths } from "../node/module-paths.ts";
import type { NodeUpInfo } from "../node/control-driver.ts";
import { planNode, type NodePlan } from "../node/node-plan.ts";
import type { SchedulerDriver } from "../node/scheduler-driver.ts";
import type { LogSink } from "../port/log.ts";
import type { PortEnd, Thread } from "../port/threads.ts";
import type { Caller, Context, Node, Wait } from "../process/api.ts";
import type { SystemMessage } from "../process/system-message.ts";
import type { ControlThreadData, FromControl, StopNode } from "./control-thread.ts";
import { InlineNode } from "./inline-node.ts";
import type { NodeOptions } from "./options.ts";
import { resolveName } from "./registry.ts";
import {
  makeSchedulerDriver,
  type Begin,
  type LogSetup,
  type SchedulerThreadData,
} from "./thread.ts";
import { loadTls } from "./tls.ts";
import { VERSION } from "./version.ts";

/** A node that this program runs, with what tests and tools need of it. */
export interface StartedNode {
  readonly node: Node;
  readonly driver: SchedulerDriver;
  readonly info: NodeUpInfo;
}

/**
 * Starts a node and resolves when it is up.
 * @throws {ConfigError} an option or module is wrong @throws {ConnectionError} address_in_use
 */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  return (await launchNode(options)).node;
}

/** `startNode`, with the parts that make it up. */
export async function launchNode(options: NodeOptions): Promise<StartedNode> {
  const config = configOf(options);
  const name = config.node.name;
  if (name === undefined) throw new ConfigError("config_conflict", "node.name: expected a name");
  const plan = planNode({
    config,
    name,
    cookies: loadCookies(config, files, entropy),
    version: VERSION,
    wall: clock.wall(),
    strict: options.strict ?? false,
    listens: true,
  });
  const modules = modulePaths(config, files);
  await loadModules(modules);
  const logSetup: LogSetup = config.log;
  const log = createLog(logSetup);
  return config.node.schedulers === "inline"
    ? launchInline(config, plan, log)
    : launchThreads(config, plan, modules, logSetup, log);
}

function configOf(options: NodeOptions): NodeConfig {
  const { name, cookie, modules, schedulers, seeds, hidden, logLevel, tls } = options;
  return parseConfig({
    environment: environment(),
    options: [],
    given: {
      "node.name": name ?? `node-${entropy.bytes(5).toHex()}@127.0.0.1:0`,
      ...(cookie === undefined ? {} : { "node.cookie": cookie }),
      ...(modules === undefined ? {} : { "node.modules": modules }),
      ...(schedulers === undefined ? {} : { "node.schedulers": schedulers }),
      ...(seeds === undefined ? {} : { "cluster.seeds": seeds }),
      ...(hidden === undefined ? {} : { "node.hidden": hidden }),
      ...(logLevel === undefined ? {} : { "log.level": logLevel }),
      ...(tls === undefined ? {} : { "tls.mode": tls }),
      ...(options.sessionGraceMs === undefined
        ? {}
        : { "cluster.session_grace": `${options.sessionGraceMs}ms` }),
    },
    directory: workingDirectory(),
    cpus: hostCpus(),
  });
}

async function launchInline(
  config: NodeConfig,
  plan: NodePlan,
  log: LogSink,
): Promise<StartedNode> {
  const { registryPort } = config.listen;
  const { node: inline, info } = await InlineNode.start({
    plan,
    tls: await loadTls(config.tls, plan.control.node),
    log,
    events: {
      stopRequested: () => void inline.stop(),
      startRefused: () => undefined,
      resolve: (name) => resolveName(name, registryPort),
    },
  });
  return { node: nodeOf(inline.driver, () => inline.stop()), driver: inline.driver, info };
}

async function launchThreads(
  config: NodeConfig,
  plan: NodePlan,
  modules: readonly string[],
  logSetup: LogSetup,
  log: LogSink,
): Promise<StartedNode> {
  const threads = createThreads();
  const count = plan.schedulers.length;
  const toControl: (readonly [PortEnd, PortEnd])[] = plan.schedulers.map(() => threads.channel());
  const between = new Map<string, PortEnd>();
  for (let left = 1; left <= count; left++) {
    for (let right = left + 1; right <= count; right++) {
      const [a, b] = threads.channel();
      between.set(`${left}-${right}`, a);
      between.set(`${right}-${left}`, b);
    }
  }
  const othersOf = (index: number): (PortEnd | undefined)[] => [
    undefined,
    ...plan.schedulers.map((other) => between.get(`${index}-${other.index}`)),
  ];
  const exited = (what: string) => (error: Error | undefined) => {
    if (error !== undefined) log.write("error", `${what} ended`, { error: error.message });
  };
  const schedulers = toControl.map(([end]) => end);
  const controlData: ControlThreadData = {
    setup: plan.control,
    schedulers,
    pulses: plan.shared.pulses,
    registryPort: config.listen.registryPort,
    log: logSetup,
  };
  const control = threads.start("control", controlData, exited("control thread"), schedulers);
  const workers = plan.schedulers.slice(1).map((setup): Thread => {
    const others = othersOf(setup.index);
    const end = toControl[setup.index - 1]![1];
    const data: SchedulerThreadData = { setup, control: end, others, modules, log: logSetup };
    const transfer = [end, ...others.filter((other) => other !== undefined)];
    return threads.start("scheduler", data, exited(`scheduler ${setup.index}`), transfer);
  });
  const all = [control, ...workers];
  const tls = await loadTls(config.tls, plan.control.node);
  for (const thread of all) thread.port.post({ kind: "begin", tls } satisfies Begin);
  const driver = makeSchedulerDriver(
    plan.schedulers[0]!,
    {
      control: threads.port(toControl[0]![1]),
      others: othersOf(1).map((end) => (end === undefined ? undefined : threads.port(end))),
    },
    tls,
    log,
  );
  const { up, stop } = followControl(control, all, driver);
  try {
    driver.start();
    const info = await up;
    return { node: nodeOf(driver, stop), driver, info };
  } catch (error) {
    driver.close();
    for (const thread of all) thread.terminate();
    throw error;
  }
}

/** Hears the control thread: when the node is up, when somebody wants it to stop, when it has. */
function followControl(
  control: Thread,
  all: readonly Thread[],
  driver: SchedulerDriver,
): { readonly up: Promise<NodeUpInfo>; readonly stop: () => Promise<void> } {
  const stopped = Promise.withResolvers<void>();
  const up = Promise.withResolvers<NodeUpInfo>();
  const stop = async (): Promise<void> => {
    control.port.post({ kind: "stop" } satisfies StopNode);
    await stopped.promise;
    driver.close();
    for (const thread of all) thread.terminate();
  };
  control.port.receive((raw) => {
    const message = raw as FromControl;
    switch (message.kind) {
      case "up":
        return up.resolve(message.info);
      case "failed":
        return up.reject(failure(message.code, message.text));
      case "stop_requested":
        void stop();
        return;
      case "stopped":
        return stopped.resolve();
    }
  });
  up.promise.catch(() => undefined);
  return { up: up.promise, stop };
}

function failure(code: string, text: string): Error {
  if (code === "name_taken") return new ConfigError(code, text);
  return code === "address_in_use" || code === "address_unavailable"
    ? new ConnectionError(code, text)
    : new ConfigError("module_failed", text);
}

/** The face of a node to its program: a caller that can also run processes and stop. */
function nodeOf(driver: SchedulerDriver, stopThreads: () => Promise<void>): Node {
  const { scheduler } = driver;
  let stopping: Promise<void> | undefined;
  const stop = (_wait?: Wait): Promise<void> => (stopping ??= stopThreads());
  return Object.assign(scheduler.caller() as Caller, {
    run: <R, M = SystemMessage>(fn: (ctx: Context<M>) => Promise<R>): Promise<R> =>
      scheduler.run(fn),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }) as Node;
}

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
import { takeStrays } from "../bun/take-strays.ts";
import { createTransport } from "../bun/tls/tls-transport.ts";
import { ConfigError, ConnectionError } from "../base/error.ts";
import { parseConfig, type NodeConfig } from "../config/config.ts";
import { loadCookies } from "../config/cookie.ts";
import { modulePaths } from "../config/module-paths.ts";
import type { NodeUpInfo } from "../node/control/control-events.ts";
import { nodeOf } from "../node/scheduler/node-face.ts";
import { planNode, type NodePlan } from "../node/node-plan.ts";
import type { SchedulerDriver } from "../node/scheduler/scheduler-driver.ts";
import type { Clock } from "../port/clock.ts";
import type { LogSink } from "../port/log.ts";
import type { Transport } from "../port/transport.ts";
import type { Node } from "../process/api.ts";
import { InlineNode } from "./inline-node.ts";
import { KeyWatch } from "./key-watch.ts";
import { refuseUnknownOptions, type NodeOptions } from "./options.ts";
import { resolveName } from "./registry.ts";
import { ProgramThreads } from "./program-threads.ts";
import { makeSchedulerDriver, type LogSetup } from "./thread.ts";
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

/** What tests put in place of this machine's own, for inline nodes. */
export interface InPlace {
  readonly clock?: Clock;
  /** Wraps the node's sockets. */
  readonly transport?: (inner: Transport) => Transport;
}

/** `startNode`, with the parts that make it up. */
export async function launchNode(
  options: NodeOptions,
  inPlace: InPlace = {},
): Promise<StartedNode> {
  refuseUnknownOptions(options);
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
    ? launchInline(config, plan, log, inPlace)
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
      ...(modules === undefined ? {} : { "node.modules": modules.map(pathOf) }),
      ...(schedulers === undefined ? {} : { "node.schedulers": schedulers }),
      ...(seeds === undefined ? {} : { "cluster.seeds": seeds }),
      ...(hidden === undefined ? {} : { "node.hidden": hidden }),
      ...(logLevel === undefined ? {} : { "log.level": logLevel }),
      ...(tls === undefined ? {} : { "tls.mode": tls }),
      ...(options.sessionGraceMs === undefined
        ? {}
        : { "cluster.session_grace": `${options.sessionGraceMs}ms` }),
      ...(options.killStuckAfterMs === undefined
        ? {}
        : { "node.kill_stuck_after": `${options.killStuckAfterMs}ms` }),
    },
    directory: workingDirectory(),
    cpus: hostCpus(),
  });
}

/** What `import.meta.resolve` gives is as good as a path. */
const pathOf = (module: string): string =>
  module.startsWith("file://") ? decodeURIComponent(new URL(module).pathname) : module;

async function launchInline(
  config: NodeConfig,
  plan: NodePlan,
  log: LogSink,
  { clock: time, transport }: InPlace,
): Promise<StartedNode> {
  const { registryPort } = config.listen;
  const tls = await loadTls(config.tls, plan.control.node);
  const { node: inline, info } = await InlineNode.start({
    plan,
    tls,
    log,
    events: {
      stopRequested: () => void inline.stop(),
      startRefused: () => undefined,
      resolve: (name) => resolveName(name, registryPort),
    },
    ...(time && { clock: time }),
    ...(transport && { transport: transport(createTransport(tls)) }),
  });
  const { scheduler } = inline.driver;
  const release = takeStrays((error) => scheduler.takeStray(error));
  const stop = (): Promise<void> => inline.stop().finally(release);
  return {
    node: nodeOf(scheduler, stop),
    driver: inline.driver,
    info,
  };
}

async function launchThreads(
  config: NodeConfig,
  plan: NodePlan,
  modules: readonly string[],
  logSetup: LogSetup,
  log: LogSink,
): Promise<StartedNode> {
  const { registryPort } = config.listen;
  const up = Promise.withResolvers<NodeUpInfo>();
  const stopped = Promise.withResolvers<void>();
  up.promise.catch(() => undefined);
  const threads = new ProgramThreads({ plan, modules, registryPort, logSetup, log }, () => {
    up.reject(new ConfigError("module_failed", "the control thread ended"));
    stopped.resolve();
  });
  const tls = await loadTls(config.tls, plan.control.node);
  threads.begin(tls);
  const driver = makeSchedulerDriver(plan.schedulers[0]!, threads.ports(), tls, log);
  const watch = KeyWatch.start(config.tls, tls, {
    name: plan.control.node,
    log,
    changed: (keys) => threads.renewTls(keys),
  });
  const release = takeStrays((error) => driver.scheduler.takeStray(error));
  const stop = async (): Promise<void> => {
    watch?.close();
    threads.tellControl({ kind: "stop" });
    await stopped.promise;
    driver.close();
    threads.terminate();
    release();
  };
  const node = nodeOf(driver.scheduler, stop);
  threads.receive((message) => {
    if (message.kind === "up") up.resolve(message.info);
    else if (message.kind === "failed") up.reject(failure(message.code, message.text));
    else if (message.kind === "stopped") stopped.resolve();
    else if (message.kind === "stop_requested") void node.stop();
  });
  try {
    driver.start();
    return { node, driver, info: await up.promise };
  } catch (error) {
    watch?.close();
    driver.close();
    threads.terminate();
    release();
    throw error;
  }
}

function failure(code: string, text: string): Error {
  if (code === "name_taken") return new ConfigError(code, text);
  return code === "address_in_use" || code === "address_unavailable"
    ? new ConnectionError(code, text)
    : new ConfigError("module_failed", text);
}

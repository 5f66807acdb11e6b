/** What `snow-node run` does: starts a node from its configuration and keeps it until it is told to stop. */
import { clock } from "../bun/clock.ts";
import { entropy } from "../bun/entropy.ts";
import { files } from "../bun/files.ts";
import { createLog } from "../bun/log.ts";
import { onSignals, onStray } from "../bun/host.ts";
import { nearest } from "../base/edit-distance.ts";
import { ConfigError, ConnectionError } from "../base/error.ts";
import type { NodeConfig } from "../config/config.ts";
import { loadCookies, type Cookies } from "../config/cookie.ts";
import type { NodeUpInfo } from "../node/control/control-events.ts";
import { modulePaths } from "../config/module-paths.ts";
import { formatHostPort } from "../config/node-name.ts";
import { planNode, type NodePlan } from "../node/node-plan.ts";
import type { LogSink } from "../port/log.ts";
import type { Address } from "../port/transport.ts";
import { InlineNode } from "./inline-node.ts";
import { KeyWatch } from "./key-watch.ts";
import { NodeProcess } from "./node-process.ts";
import { HostRegistry, resolveName } from "./registry.ts";
import { strayHandler } from "./stray-errors.ts";
import { loadTls } from "./tls.ts";
import { loadModules } from "../bun/modules.ts";
import { VERSION } from "./version.ts";

/** Where the ready line goes. */
export interface Output {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

interface Running {
  readonly info: NodeUpInfo;
  startFunction(functionName: string, args: readonly unknown[]): void;
  stop(): Promise<void>;
}

/** Well-known owners of ports, for the operator who finds one taken. */
const LIKELY_OWNERS: Readonly<Record<number, string>> = { 4369: "epmd of Erlang, or another node" };

/** The exit code of a node that could not start a function of `[[start]]`. */
const EXIT_START_REFUSED = 2;

/**
 * Resolves with the exit code once the node has stopped.
 * @throws {ConfigError} one line for the operator, before anything has started
 */
export async function runNode(
  config: NodeConfig,
  { terminal }: { readonly terminal: Output },
): Promise<number> {
  const { name } = config.node;
  if (name === undefined) throw new ConfigError("config_conflict", "node.name: expected a name");
  const log = createLog(config.log);
  for (const warning of config.warnings) log.write("warn", warning, {});
  const cookies = loadCookies(config, files, entropy);
  const plan = planNode({
    config,
    name,
    cookies,
    version: VERSION,
    wall: clock.wall(),
    strict: false,
    listens: true,
  });
  const stop = Promise.withResolvers<number>();
  const registry = new HostRegistry(config.listen.registryPort, log);
  const running = await start({ config, plan, log, registry, stop: stop.resolve }).catch(
    (error: unknown) => {
      registry.close();
      throw operatorError(error, config);
    },
  );
  const unknown = unknownStart(config, running.info);
  if (unknown !== undefined) {
    await running.stop();
    throw unknown;
  }
  const unlisten = onSignals(["SIGTERM", "SIGINT"], () => stop.resolve(0));
  onStray(strayHandler(log, stop.resolve));
  sayReady(terminal, config, plan, cookies, running.info);
  for (const { function: functionName, args } of config.start) {
    running.startFunction(functionName, args);
  }
  const code = await stop.promise;
  // From here on a second signal ends the process at once.
  unlisten();
  await running.stop();
  return code;
}

async function start(options: {
  readonly config: NodeConfig;
  readonly plan: NodePlan;
  readonly log: LogSink;
  readonly registry: HostRegistry;
  readonly stop: (code: number) => void;
}): Promise<Running> {
  const { config, plan, log, registry, stop } = options;
  const modules = modulePaths(config, files);
  const events = {
    stopRequested: () => stop(0),
    startRefused: (text: string) => {
      log.write("error", text, {});
      stop(EXIT_START_REFUSED);
    },
    resolve: (wanted: string) => resolveName(wanted, config.listen.registryPort),
    listening: (listen: Address, address: Address) => {
      const { node, creation } = plan.control;
      return registry.register({ name: node, creation, listen, address });
    },
  };
  const { node: name } = plan.control;
  const tls = loadTls(config.tls, name);
  const watched = async (node: InlineNode | NodeProcess): Promise<KeyWatch | undefined> =>
    KeyWatch.start(config.tls, await tls, { name, log, changed: (keys) => node.renewTls(keys) });
  if (config.node.schedulers === "inline") {
    await loadModules(modules);
    const { node, info } = await InlineNode.start({ plan, tls: await tls, log, events });
    return runningOf(node, info, registry, await watched(node));
  }
  const { node, info } = await NodeProcess.start({
    plan,
    tls,
    modules,
    logSetup: config.log,
    log,
    events,
  });
  return runningOf(node, info, registry, await watched(node));
}

function runningOf(
  node: InlineNode | NodeProcess,
  info: NodeUpInfo,
  registry: HostRegistry,
  watch: KeyWatch | undefined,
): Running {
  const unlisten = watch && onSignals(["SIGHUP"], () => watch.look(true));
  return {
    info,
    startFunction: (functionName, args) => node.control.startFunction(functionName, args),
    async stop() {
      unlisten?.();
      watch?.close();
      await node.stop();
      registry.close();
    },
  };
}

/** A function of `[[start]]` that no module defines. */
function unknownStart(config: NodeConfig, info: NodeUpInfo): ConfigError | undefined {
  const known = info.functions.map((hosted) => hosted.name);
  const missing = config.start.find((entry) => !known.includes(entry.function));
  if (missing === undefined) return undefined;
  const meant = nearest(missing.function, known);
  const expected = meant === undefined ? `one of ${known.join(", ") || "none"}` : meant;
  const text = `start: no module defines "${missing.function}", expected ${expected}`;
  return new ConfigError("function_unknown", text);
}

/** A port that is taken is the operator's business: who is it likely, and which key is it. */
function operatorError(error: unknown, config: NodeConfig): unknown {
  if (!(error instanceof ConnectionError)) return error;
  const { code, message } = error;
  if (code !== "address_in_use" && code !== "address_unavailable") return error;
  const owner = LIKELY_OWNERS[config.listen.port];
  const hint = owner === undefined ? "" : ` (likely ${owner})`;
  return new ConfigError("address_in_use", `node.name: ${message}${hint}`);
}

function sayReady(
  terminal: Output,
  config: NodeConfig,
  plan: NodePlan,
  cookies: Cookies,
  info: NodeUpInfo,
): void {
  const { node, creation, schedulers, tlsMode } = plan.control;
  const address =
    info.address === undefined ? "" : formatHostPort(info.address.host, info.address.port);
  const functions = info.functions.map((hosted) => hosted.name);
  if (config.log.format === "json") {
    const line = {
      level: "info",
      text: "up",
      node,
      address,
      creation,
      schedulers,
      functions,
      cookie: cookies.source,
      tls: tlsMode,
    };
    terminal.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const counts = [
    `creation ${creation}`,
    `${schedulers} ${schedulers === 1 ? "scheduler" : "schedulers"}`,
    `functions ${functions.join(", ") || "none"}`,
    `cookie from ${cookies.source}`,
    `tls ${tlsMode}`,
  ];
  terminal.write(`snow-node ${node} is up at ${address} (${counts.join("; ")})\n`);
}

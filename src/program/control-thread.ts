/** The control thread of a node inside a user's program: a worker that never runs the user's code. */
import { createLog } from "../bun/log.ts";
import { createThreads } from "../bun/worker-threads.ts";
import { ControlDriver } from "../node/control/control-driver.ts";
import type { NodeUpInfo } from "../node/control/control-events.ts";
import type { ControlSetup } from "../node/control-setup.ts";
import type { PortEnd, ThreadPort } from "../port/threads.ts";
import type { TlsKeys } from "../port/transport.ts";
import { HostRegistry, resolveName } from "./registry.ts";
import { RemoteKeeper } from "./remote-keeper.ts";
import { makeControlWorld, type Begin, type LogSetup } from "./thread.ts";

/** The data of a thread with role `control`. */
export interface ControlThreadData {
  readonly setup: ControlSetup;
  /** To each scheduler, index 0 for scheduler 1. */
  readonly schedulers: readonly PortEnd[];
  readonly pulses: readonly SharedArrayBuffer[];
  readonly names: SharedArrayBuffer;
  readonly registryPort: number;
  readonly log: LogSetup;
}

/** What the control thread tells the program. */
export type FromControl =
  | { readonly kind: "up"; readonly info: NodeUpInfo }
  | { readonly kind: "failed"; readonly code: string; readonly text: string }
  | { readonly kind: "stop_requested" }
  /** A scheduler is stuck: end its thread, answer with `scheduler_ended`. */
  | { readonly kind: "end_scheduler"; readonly scheduler: number }
  /** Start one in its place, joined to the control thread and, by their numbers, to the others. */
  | {
      readonly kind: "start_scheduler";
      readonly scheduler: number;
      readonly control: PortEnd;
      readonly others: readonly (PortEnd | undefined)[];
    }
  | { readonly kind: "stopped" };

/** What the program tells the control thread after `begin`. */
export type ToControlThread =
  | { readonly kind: "stop" }
  | { readonly kind: "scheduler_ended"; readonly scheduler: number }
  /** The operator's certificates were replaced. */
  | { readonly kind: "tls_keys"; readonly keys: TlsKeys };

export async function runControlThread(
  data: ControlThreadData,
  starter: ThreadPort,
): Promise<void> {
  const tell = (message: FromControl): void => starter.post(message);
  const begin = await new Promise<Begin>((resolve) =>
    starter.receive((message) => resolve(message as Begin)),
  );
  const threads = createThreads();
  const { node, creation } = data.setup;
  const log = createLog(data.log);
  const registry = new HostRegistry(data.registryPort, log);
  const keeper = new RemoteKeeper(data.names, threads, starter);
  const control = new ControlDriver({
    setup: data.setup,
    world: makeControlWorld(node, creation, begin.tls, log),
    ports: data.schedulers.map((end) => threads.port(end)),
    pulses: data.pulses,
    keeper,
    events: {
      stopRequested: () => tell({ kind: "stop_requested" }),
      startRefused: () => undefined,
      resolve: (name) => resolveName(name, data.registryPort),
      listening: (listen, address) => registry.register({ name: node, creation, listen, address }),
    },
  });
  starter.receive((raw) => {
    const message = raw as ToControlThread;
    if (message.kind === "scheduler_ended") return keeper.ended(message.scheduler);
    if (message.kind === "tls_keys") return control.renewTls(message.keys);
    void control.stop().then(() => {
      registry.close();
      tell({ kind: "stopped" });
    });
  });
  try {
    tell({ kind: "up", info: await control.start() });
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    tell({ kind: "failed", code: code ?? "module_failed", text: message ?? String(error) });
  }
}

import type { DialTarget } from "../../cluster/dialling-io.ts";
import type { Connector } from "./mesh/connector.ts";
import type { ControlServices } from "./control-services.ts";
import type { Gate } from "./peers/gate.ts";
import type { Peers } from "./peers/peers.ts";
import type { StartFunctions } from "./schedulers/start-functions.ts";

/** What stands still while a scheduler is replaced, and starts again with it. */
export interface SchedulerReplacementOptions {
  readonly peers: Peers;
  readonly gate: Gate;
  readonly connector: Connector;
  readonly services: ControlServices;
  readonly starts: StartFunctions;
}

/**
 * What the end of a scheduler is to the node (D6): its lanes end with it, and with them every session. Until all that were
 * ended are back there are no sessions; then the nodes that had one are dialled again.
 */
export class SchedulerReplacement {
  readonly #options: SchedulerReplacementOptions;
  /** Schedulers that are being replaced. */
  #replaced = 0;
  /** Nodes whose session ended for that. */
  #parted: DialTarget[] = [];

  constructor(options: SchedulerReplacementOptions) {
    this.#options = options;
  }

  /** Before the thread is ended. `text`: what for, for the peers. */
  ending(scheduler: number, text: string): void {
    const { peers, gate, connector, services } = this.#options;
    this.#replaced += 1;
    connector.pause(true);
    for (const peer of peers.up) {
      const { address } = peer.info?.peer ?? {};
      if (!peer.hidden) this.#parted.push({ name: peer.name, address });
      peer.input({ kind: "abort", reason: "scheduler_killed", text });
    }
    gate.hold(true);
    services.schedulerGone(scheduler);
  }

  /** The new one is ready. `culprit`: the process that the old one was ended for. */
  restarted(scheduler: number, culprit: string | undefined): void {
    const { gate, connector, services, starts } = this.#options;
    services.schedulerStarted(scheduler);
    if (scheduler === 1) starts.again(culprit);
    this.#replaced -= 1;
    if (this.#replaced > 0) return;
    gate.hold(false);
    connector.pause(false);
    connector.heard(undefined, this.#parted.splice(0));
  }
}

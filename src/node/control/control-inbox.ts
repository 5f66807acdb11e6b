/** What peers and schedulers say to the control thread, handed to whom it concerns. */
import { EncodeError, MessageTooLarge, type ProtocolError } from "../../base/error.ts";
import { CALL_MS } from "../../base/limits.ts";
import { parseNodeName } from "../../config/node-name.ts";
import type { LogSink } from "../../port/log.ts";
import type { ControlMessage } from "../../wire/control-message.ts";
import type { ControlEvents } from "./control-events.ts";
import type { ControlServices } from "./control-services.ts";
import type { Farewells } from "./peers/farewells.ts";
import { compareVersions, functionsOf } from "./schedulers/hosted-functions.ts";
import type { Mesh } from "./mesh/mesh.ts";
import type { PeerDriver } from "./peers/peer-driver.ts";
import type { PeerQueries } from "./peers/peer-queries.ts";
import type { Peers } from "./peers/peers.ts";
import type { QueryDesk } from "./query-desk.ts";
import type { SchedulerGroup } from "./schedulers/scheduler-group.ts";
import { answerRequest, type RequestDesk } from "./schedulers/scheduler-requests.ts";
import type { StartFunctions } from "./schedulers/start-functions.ts";
import type { ToControl } from "../thread-message.ts";
import type { WatchdogDriver } from "./schedulers/watchdog-driver.ts";

/** What a scheduler says of a lane, and what that is to the session. */
const LANE_INPUTS = {
  attached: "lane_attached",
  lost: "lane_lost",
  dial_failed: "lane_failed",
  stalled: "lane_stalled",
} as const;

export interface ControlInboxOptions {
  readonly log: LogSink;
  readonly peers: Peers;
  readonly mesh: Mesh;
  readonly schedulers: SchedulerGroup;
  readonly services: ControlServices;
  readonly farewells: Farewells;
  readonly watchdog: WatchdogDriver;
  readonly starts: StartFunctions;
  /** Answers what peers ask. */
  readonly desk: QueryDesk;
  /** What this node has asked peers. */
  readonly queries: PeerQueries;
  /** Answers what schedulers ask. */
  readonly requestDesk: RequestDesk;
  readonly events: Pick<ControlEvents, "stopRequested" | "startRefused">;
}

/** The one place where all that is said to a control thread meets. */
export class ControlInbox {
  readonly #options: ControlInboxOptions;

  constructor(options: ControlInboxOptions) {
    this.#options = options;
  }

  fromPeer(peer: PeerDriver, message: ControlMessage): void {
    const { log, mesh, schedulers, services, desk, queries } = this.#options;
    switch (message.kind) {
      case "functions": {
        const functions = functionsOf(message);
        schedulers.tellAll({ kind: "peer_functions", node: peer.name, functions });
        return compareVersions(peer.name, functions, schedulers.functions, log);
      }
      case "peers":
        return mesh.heard(peer, message.peers);
      case "query":
        return desk.ask(message.verb, message.term, (ok, term) =>
          answerQuery(peer, message.id, ok, term),
        );
      case "answer":
        return queries.answered(peer.name, message.id, message.ok, message.term);
      case "stop":
        return this.#options.events.stopRequested();
      case "service":
        return services.fromPeer(peer, message);
      case "goodbye":
        return;
    }
  }

  fromScheduler(scheduler: number, message: ToControl): void {
    const { peers, schedulers, services, farewells, watchdog, starts } = this.#options;
    switch (message.kind) {
      case "dial":
        return this.#wantedBySignal(message.node, message.hint);
      case "lane_state": {
        const { lane, state } = message;
        return peers.withSession(message.number)?.input({ kind: LANE_INPUTS[state], lane });
      }
      case "lane_failed": {
        const reason = message.code as ProtocolError["code"];
        const peer = peers.withSession(message.number);
        return peer?.input({ kind: "abort", reason, text: message.text });
      }
      case "lane_end": {
        const peer = peers.withSession(message.number);
        return peer && farewells.laneEnd(peer, message.lane, message.frame);
      }
      case "lane_complete": {
        const peer = peers.withSession(message.number);
        return peer && farewells.laneComplete(peer);
      }
      case "request": {
        const { id } = message;
        return answerRequest(message, this.#options.requestDesk, (ok, value) =>
          schedulers.tell(scheduler, { kind: "answer", id, ok, value }),
        );
      }
      case "service":
        return services.fromScheduler(scheduler, message.service, message.message);
      case "started":
        return starts.started(message.functionName, message.pid);
      case "start_ended":
        return starts.ended(message.pid, message.crash);
      case "scheduler_drained":
        return watchdog.drained(scheduler);
      case "start_refused":
        return this.#options.events.startRefused(message.text);
      case "ready":
      case "start_failed":
      case "stopped":
      case "answer":
        return;
    }
  }

  /** A signal waits for the node. If its session came up meanwhile, the scheduler has been told. */
  #wantedBySignal(node: string, hint: number | undefined): void {
    const name = parseNodeName(node)?.name ?? node;
    if (this.#options.peers.sessionOf(name) > 0) return this.#doubtRestart(name);
    this.#options.mesh.connector.want(hint === undefined ? node : `${name}:${hint}`);
  }

  /**
   * Signals wait for a later start of a connected node. A node that is gone does not answer, and what waits goes to the
   * one after it; one that answers has never been started again: nobody has such a pid.
   */
  #doubtRestart(name: string): void {
    const { peers, schedulers, queries } = this.#options;
    const number = peers.sessionOf(name);
    void queries.ask(name, "ping", {}, CALL_MS).then(
      () => {
        if (peers.sessionOf(name) !== number) return;
        schedulers.tellAll({ kind: "unreachable", node: name, reason: "stale_creation" });
      },
      () => undefined,
    );
  }
}

/** An answer that cannot be sent, most likely because it is too long, is told as that: the asker waits, and this node goes on. */
function answerQuery(peer: Pick<PeerDriver, "send">, id: number, ok: boolean, term: unknown): void {
  try {
    peer.send({ kind: "answer", id, ok, term });
  } catch (error) {
    if (!(error instanceof EncodeError || error instanceof MessageTooLarge)) throw error;
    peer.send({ kind: "answer", id, ok: false, term: error.message });
  }
}

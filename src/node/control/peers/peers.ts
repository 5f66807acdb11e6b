/**
 * The peers of a node as its control thread knows them: one `PeerDriver` for each name that there is something with, and
 * those of them that have a session, by its number. The schedulers hear of every session from here.
 */
import type { ConnectionError, ProtocolError } from "../../../base/error.ts";
import type { SessionInfo } from "../../../session/session-io.ts";
import type { ControlMessage } from "../../../wire/control-message.ts";
import type { ControlServices } from "../control-services.ts";
import type { ControlSetup } from "../../control-setup.ts";
import type { ControlWorld } from "../control-world.ts";
import type { Farewells } from "./farewells.ts";
import type { Gate } from "./gate.ts";
import { PeerDriver, type PeerEvents, type SessionOver } from "./peer-driver.ts";
import type { SchedulerGroup } from "../schedulers/scheduler-group.ts";

/** What follows for the rest of the control thread. */
export interface PeersEvents {
  /** A session is up; the schedulers have been told. What its peer sent at once may have ended it again already. */
  up(peer: PeerDriver, info: SessionInfo): void;
  /** It is over; the schedulers have been told. */
  over(peer: PeerDriver): void;
  connectFailed(name: string, error: ConnectionError | ProtocolError): void;
  message(peer: PeerDriver, message: ControlMessage): void;
}

export interface PeersOptions {
  readonly setup: ControlSetup;
  readonly world: ControlWorld;
  readonly schedulers: SchedulerGroup;
  readonly services: ControlServices;
  readonly farewells: Farewells;
  readonly gate: Gate;
  readonly events: PeersEvents;
}

/** All peers of one node. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #all = new Map<string, PeerDriver>();
  readonly #withSession = new Map<number, PeerDriver>();
  #nextSession = 1;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** All that there is something with: a session, a dial, a handshake. */
  get all(): readonly PeerDriver[] {
    return [...this.#all.values()];
  }

  /** Those with a session. */
  get up(): readonly PeerDriver[] {
    return [...this.#withSession.values()];
  }

  known(name: string): PeerDriver | undefined {
    return this.#all.get(name);
  }

  /** Whose session has this number; undefined when it is over. */
  withSession(number: number): PeerDriver | undefined {
    return this.#withSession.get(number);
  }

  /** The number of the session with a node; 0: there is none. */
  sessionOf(name: string): number {
    return this.#all.get(name)?.number ?? 0;
  }

  /** The peer of that name, made if there was nothing with it. */
  of(name: string): PeerDriver {
    const known = this.#all.get(name);
    if (known !== undefined) return known;
    const { setup, world, gate } = this.#options;
    const { node, schedulers, graceMs, refusedIsDown, tick } = setup;
    const self = { name: node, address: gate.address, schedulers };
    const session = { self, peer: name, graceMs, refusedIsDown, tick };
    const peer = new PeerDriver({ world, session, events: this.#eventsOfPeer() });
    this.#all.set(name, peer);
    return peer;
  }

  #eventsOfPeer(): PeerEvents {
    const { world, gate, schedulers, services, farewells, events } = this.#options;
    return {
      dial: (peer, address) => gate.dial(address, peer.name, peer.name),
      up: (peer, info) => this.#up(peer, info),
      over: (peer, end) => this.#over(peer, end),
      connectFailed: (peer, error) => events.connectFailed(peer.name, error),
      dialLane: ({ number }, { lane, scheduler }, address) =>
        schedulers.tell(scheduler, { kind: "lane_dial", number, lane, address }),
      resetLane: ({ number }, { lane, scheduler }) =>
        schedulers.tell(scheduler, { kind: "lane_reset", number, lane }),
      awaitFrames: (peer, lastFrames) => farewells.awaitFrames(peer, lastFrames),
      message: (peer, message) => events.message(peer, message),
      suspected: (peer, lane, forMs) => {
        world.log.write("warn", "session suspect", {
          node: peer.name,
          lane,
          forMs: Math.round(forMs),
        });
        services.suspected(peer, true);
      },
      recovered: (peer, afterMs) => {
        world.log.write("info", "session recovered", {
          node: peer.name,
          afterMs: Math.round(afterMs),
        });
        services.suspected(peer, false);
      },
      ticked: (peer, echo) => services.ticked(peer, echo),
      idle: (peer) => {
        if (this.#all.get(peer.name) === peer) this.#all.delete(peer.name);
        peer.close();
      },
    };
  }

  #up(peer: PeerDriver, info: SessionInfo): void {
    const { setup, world, schedulers, events } = this.#options;
    const number = this.#nextSession++;
    const { name: node, creation, hidden } = info.peer;
    peer.number = number;
    peer.upSince = world.clock.now();
    peer.hidden = hidden;
    this.#withSession.set(number, peer);
    for (let index = 1; index <= setup.schedulers; index++) {
      const lanes = info.lanes
        .filter((lane) => lane.scheduler === index)
        .map(({ lane, sends }) => ({ lane, sends }));
      const { id: sessionId, laneKey } = info;
      const session = { number, sessionId, laneKey, node, creation, hidden, lanes };
      schedulers.tell(index, { kind: "session_up", session });
    }
    const fields = { node, creation, schedulers: info.peer.schedulers };
    world.log.write(hidden ? "debug" : "info", "node up", fields);
    events.up(peer, info);
  }

  #over(peer: PeerDriver, { reason, text, heardAt, isGone, isWhole }: SessionOver): void {
    const { world, schedulers, services, farewells, events } = this.#options;
    const { name, number } = peer;
    this.#withSession.delete(number);
    farewells.forget(number);
    services.nodeDown(peer);
    peer.number = 0;
    const silentMs = world.clock.now() - heardAt;
    const end = { reason, isGone, isWhole, silentMs };
    schedulers.tellAll({ kind: "session_over", number, ...end });
    schedulers.tellAll({ kind: "peer_functions", node: name, functions: [] });
    world.log.write(peer.hidden ? "debug" : "info", "node down", { node: name, reason, text });
    events.over(peer);
  }
}

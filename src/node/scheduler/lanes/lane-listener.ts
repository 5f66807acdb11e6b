/** Accepts the lanes that peers dial to one scheduler, until they have proved which session they belong to. */
import { ConnectionError } from "../../../base/error.ts";
import type { LogSink } from "../../../port/log.ts";
import type { Listener } from "../../../port/transport.ts";
import { NONCE_BYTES } from "../../../wire/handshake-message.ts";
import { Admission, type AdmissionLimits } from "../../admission.ts";
import type { LaneWorld } from "./lane-driver.ts";
import { LaneSocket } from "./lane-socket.ts";
import { RefusalLog } from "../../refusal-log.ts";
import type { SchedulerSessions } from "../scheduler-sessions.ts";

export class LaneListener {
  readonly #world: LaneWorld;
  readonly #sessions: SchedulerSessions;
  readonly #log: LogSink;
  readonly #refusals: RefusalLog;
  readonly #admission: Admission;
  #listener: Listener | undefined;

  constructor(
    world: LaneWorld,
    limits: AdmissionLimits,
    sessions: SchedulerSessions,
    log: LogSink,
  ) {
    this.#world = world;
    this.#sessions = sessions;
    this.#log = log;
    this.#refusals = new RefusalLog(log);
    this.#admission = new Admission(limits);
  }

  /** Connections that have not proved themselves. */
  get strangers(): number {
    return this.#admission.size;
  }

  /**
   * Listens on the first free port of `ports` and says which.
   * @throws {ConnectionError} address_in_use: none of them is free
   */
  listen(host: string, ports: readonly number[]): number {
    let failure: unknown;
    for (const port of ports) {
      try {
        this.#listener = this.#world.transport.listen({ host, port }, (remoteHost, incoming) =>
          this.#accept(remoteHost, incoming),
        );
        return this.#listener.port;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  close(): void {
    this.#listener?.close();
    this.#admission.dropAll(new ConnectionError("closed_here", "the node stops"));
  }

  #accept(remoteHost: string, incoming: { cancel(): void }): LaneSocket {
    const { clock, digest, entropy, handshakeMs } = this.#world;
    const gone = (socket: LaneSocket): void => {
      this.#admission.remove(socket, remoteHost);
      this.#sessions.forget(socket);
    };
    const socket: LaneSocket = new LaneSocket({
      dial: undefined,
      remoteHost,
      clock,
      digest,
      nonce: () => entropy.bytes(NONCE_BYTES),
      deadline: clock.now() + handshakeMs,
      events: {
        needSession: (_socket, session, lane) => this.#sessions.needSession(socket, session, lane),
        needReceived: (_socket, session, lane) => this.#sessions.lane(session, lane)?.yieldSocket(),
        established: (_socket, { session, lane, peerReceived, rest }) => {
          gone(socket);
          const driver = this.#sessions.lane(session, lane);
          if (driver === undefined) return socket.close();
          driver.takeSocket(socket, peerReceived, rest);
        },
        failed: (_socket, error) => {
          gone(socket);
          const fields = { from: remoteHost, code: error.code, error: error.message };
          // A session that ends in order right after its start, as that of a tool does, overtakes its lanes on either side.
          const isLate = error.code === "session_over" || error.code === "closed_by_peer";
          if (isLate) this.#log.write("debug", "lane too late", fields);
          else this.#refusals.refused("lane connection refused", fields, clock.now());
        },
      },
    });
    socket.cancel = () => incoming.cancel();
    this.#admission.add(socket, remoteHost);
    return socket;
  }
}

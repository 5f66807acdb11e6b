/** What the control thread hears of the lanes that end on this scheduler, and the log of those that were lost or failed. */
import type { ConnectionError, ProtocolError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { LogSink } from "../../../port/log.ts";
import type { LaneDriver } from "./lane-driver.ts";
import type { ToControl } from "../../thread-message.ts";

type LaneState = Extract<ToControl, { kind: "lane_state" }>["state"];

export class LaneReports {
  readonly #log: LogSink;
  readonly #tell: (message: ToControl) => void;

  constructor(log: LogSink, tell: (message: ToControl) => void) {
    this.#log = log;
    this.#tell = tell;
  }

  attached(lane: LaneDriver): void {
    this.#state(lane, "attached");
  }

  lost(lane: LaneDriver, error: ConnectionError | undefined): void {
    this.#withoutSocket(lane, "lost", error);
  }

  dialFailed(lane: LaneDriver, error: ConnectionError | ProtocolError): void {
    this.#withoutSocket(lane, "dial_failed", error);
  }

  /** The lane broke: control ends its session. */
  failed(lane: LaneDriver, error: ProtocolError): void {
    const { number, node } = lane.session;
    const fields = { node, lane: lane.plan.lane, code: error.code, error: error.message };
    this.#log.write("warn", "lane failed", fields);
    const { code, message: text } = error;
    this.#tell({ kind: "lane_failed", number, lane: lane.plan.lane, code, text });
  }

  /** Tells which have waited too long for an acknowledgement. Called with every beat. */
  check(lanes: Iterable<LaneDriver>, now: Millis): void {
    for (const lane of lanes) if (lane.isStalled(now)) this.#state(lane, "stalled");
  }

  #withoutSocket(
    lane: LaneDriver,
    state: "lost" | "dial_failed",
    error: ConnectionError | ProtocolError | undefined,
  ): void {
    const { node } = lane.session;
    const text = error?.message ?? "closed by the peer";
    this.#log.write("debug", `lane ${state}`, { node, lane: lane.plan.lane, error: text });
    this.#state(lane, state);
  }

  #state(lane: LaneDriver, state: LaneState): void {
    const { number } = lane.session;
    this.#tell({ kind: "lane_state", number, lane: lane.plan.lane, state });
  }
}

import type { Pid } from "../term/pid.ts";
import type { Undecodable, WireRoom, WireSignal } from "../wire/wire-signal.ts";

/** The pid whose home a signal has to reach; undefined: a name, resolved on any scheduler. */
export function relayTarget(
  signal: Exclude<WireSignal, { kind: "multicast" | "spawn_request" | "room" | "room_control" }>,
): Pid | undefined {
  switch (signal.kind) {
    case "message_named":
    case "monitor_named":
      return undefined;
    case "demonitor":
      return "name" in signal.to ? undefined : signal.to;
    default:
      return signal.to;
  }
}

/** Whether it is what rooms say to each other: their driver knows where it goes. */
export const isRoom = (signal: WireSignal | Undecodable): signal is WireRoom =>
  signal.kind === "room" || signal.kind === "room_control";

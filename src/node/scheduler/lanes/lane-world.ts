import type { Identities } from "../../../term/identities.ts";
import type { LaneWorld } from "./lane-driver.ts";
import type { SchedulerWorld } from "../scheduler-world.ts";
import type { SchedulerSetup } from "../../thread-message.ts";

/** What the lanes of a scheduler share: its share of the node's memory for them among it. */
export function laneWorldOf(
  { limits, schedulers }: SchedulerSetup,
  { clock, digest, entropy, transport }: SchedulerWorld,
  identities: Identities,
): LaneWorld {
  return {
    clock,
    digest,
    entropy,
    transport,
    identities,
    budget: { bytes: 0, max: limits.lanesBytes / schedulers },
    handshakeMs: limits.handshakeMs,
    limits: {
      fragmentBytes: limits.fragmentBytes,
      messageBytesMax: limits.messageBytes,
      highWaterBytes: limits.laneHighWaterBytes,
      hardBytes: limits.laneHardBytes,
      unackedBytesMax: limits.laneUnackedBytes,
    },
  };
}

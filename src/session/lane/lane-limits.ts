/** What a lane may hold and send at once, and the bytes that all lanes of a thread share. */
import {
  FRAGMENT_BYTES,
  LANE_HARD_BYTES,
  LANE_HIGH_WATER_BYTES,
  LANE_OVERRUN_BYTES,
  LANE_UNACKED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
} from "../../base/limits.ts";

/** Bytes each; the reasons stand with the constants in `base/limits.ts`. */
export interface LaneLimits {
  /** Also the length of a term above which it goes in fragments; a test knob. */
  readonly fragmentBytes: number;
  readonly messageBytesMax: number;
  readonly highWaterBytes: number;
  readonly hardBytes: number;
  readonly overrunBytes: number;
  readonly unackedBytesMax: number;
}

/** What holds unless a test or the operator says otherwise. */
export const LANE_LIMITS: LaneLimits = {
  fragmentBytes: FRAGMENT_BYTES,
  messageBytesMax: MESSAGE_BYTES_MAX,
  highWaterBytes: LANE_HIGH_WATER_BYTES,
  hardBytes: LANE_HARD_BYTES,
  overrunBytes: LANE_OVERRUN_BYTES,
  unackedBytesMax: LANE_UNACKED_BYTES_MAX,
};

/** Bytes queued on several lanes together and their limit; shared by the lanes of a thread. */
export interface LaneBudget {
  bytes: number;
  readonly max: number;
}

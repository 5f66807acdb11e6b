import { describe, expect, test } from "bun:test";

import { LANE_UNACKED_BYTES_MAX, LANE_WINDOW_BYTES_MIN } from "../../src/base/limits.ts";
import { SendWindow } from "../../src/session/lane/send-window.ts";

const FRAME_BYTES = 64 * 1024;

interface Way {
  /** There and back with nothing on it. */
  readonly roundTripMs: number;
  readonly bytesPerMs: number;
}

/** A lane that always has something to send, over a way that carries so much. Every frame is acknowledged when it is there. */
function flood(
  window: SendWindow,
  way: Way,
  forMs: number,
): { bytesPerMs: number; queueMs: number } {
  const underWay: { frame: number; ackAt: number }[] = [];
  let [now, frame, freeAt, acked, queueMs] = [0, 0, 0, 0, 0];
  while (now < forMs) {
    while (underWay.length * FRAME_BYTES < window.bytes) {
      freeAt = Math.max(freeAt, now) + FRAME_BYTES / way.bytesPerMs;
      underWay.push({ frame: ++frame, ackAt: freeAt + way.roundTripMs });
      window.sent(frame, underWay.length * FRAME_BYTES, now);
      queueMs = freeAt - now;
    }
    window.full();
    const first = underWay.shift()!;
    now = first.ackAt;
    acked += FRAME_BYTES;
    window.acknowledged(first.frame, now);
  }
  return { bytesPerMs: acked / now, queueMs };
}

describe("the window of what is under way", () => {
  test("is small where a larger one would only queue", () => {
    const window = new SendWindow(LANE_UNACKED_BYTES_MAX);
    const { bytesPerMs, queueMs } = flood(window, { roundTripMs: 0.1, bytesPerMs: 60_000 }, 5_000);
    expect(bytesPerMs).toBeGreaterThan(60_000 * 0.95);
    expect(queueMs).toBeLessThan(20);
    expect(window.bytes).toBeLessThan(2 * LANE_WINDOW_BYTES_MIN);
  });

  test("grows until a long way is full", () => {
    const window = new SendWindow(LANE_UNACKED_BYTES_MAX);
    const way = { roundTripMs: 100, bytesPerMs: 60_000 };
    flood(window, way, 5_000);
    expect(flood(window, way, 5_000).bytesPerMs).toBeGreaterThan(60_000 * 0.8);
    expect(window.bytes).toBeLessThanOrEqual(LANE_UNACKED_BYTES_MAX);
  });

  test("is never larger than it may be, nor smaller than what may be", () => {
    const tiny = new SendWindow(50_000);
    flood(tiny, { roundTripMs: 100, bytesPerMs: 60_000 }, 2_000);
    expect(tiny.bytes).toBe(50_000);
    const slow = new SendWindow(LANE_UNACKED_BYTES_MAX);
    flood(slow, { roundTripMs: 1, bytesPerMs: 100 }, 100_000);
    expect(slow.bytes).toBe(LANE_WINDOW_BYTES_MIN);
  });

  test("learns nothing from an acknowledgement that nobody waited for, and all anew on another socket", () => {
    const window = new SendWindow(LANE_UNACKED_BYTES_MAX);
    const way = { roundTripMs: 100, bytesPerMs: 60_000 };
    window.sent(1, 1_000, 0);
    window.acknowledged(1, 1);
    // That was shorter than the way: had it counted, nothing would be quick enough ever after.
    flood(window, way, 5_000);
    expect(window.bytes).toBeGreaterThan(4 * LANE_WINDOW_BYTES_MIN);
    window.reset();
    expect(window.bytes).toBe(LANE_WINDOW_BYTES_MIN);
  });
});

import { expect, test } from "bun:test";

import { FENCE_MAX, FenceClock } from "../../src/base/fence.ts";

const WALL = Date.UTC(2026, 10, 25);

test("fences follow the clock", () => {
  const fences = new FenceClock();
  const first = fences.next(WALL);
  expect(first).toBe((WALL - Date.UTC(2020, 0, 1)) * 4096);
  expect(fences.next(WALL + 1)).toBe(first + 4096);
});

test("fences grow when the clock stands still or goes back", () => {
  const fences = new FenceClock();
  const first = fences.next(WALL);
  expect(fences.next(WALL)).toBe(first + 1);
  expect(fences.next(WALL - 1_000_000)).toBe(first + 2);
});

test("a fence is above every one that was seen", () => {
  const fences = new FenceClock();
  const far = FENCE_MAX - 10;
  fences.see(far);
  fences.see(1);
  expect(fences.next(WALL)).toBe(far + 1);
});

test("a fence that leaves no room is not taken from a peer", () => {
  const fences = new FenceClock();
  fences.see(Number.MAX_SAFE_INTEGER);
  expect(fences.highest).toBe(0);
});

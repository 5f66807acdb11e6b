/** What must hold of global names is found broken when the core is: each mutant is a fault of our own, some seed fails with it. */
import { expect, test } from "bun:test";
import { GlobalNames } from "../../src/cluster/names/global-names.ts";
import { NameConflicts } from "../../src/cluster/names/name-conflicts.ts";
import { NameHolders } from "../../src/cluster/names/name-holders.ts";
import { NameMarks } from "../../src/cluster/names/name-marks.ts";
import { NameRivals } from "../../src/cluster/names/name-rivals.ts";
import { FenceClock } from "../../src/base/fence.ts";
import { chaos } from "./names-chaos.ts";

/** Seeds that a mutant has to be found within. */
const SEEDS_MAX = 40;

/** Puts another method in the place of one, for as long as the result lives. */
function replace<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (before: T[K]) => T[K],
): Disposable {
  const before = target[name];
  target[name] = make(before);
  return { [Symbol.dispose]: () => void (target[name] = before) };
}

/** What the first seed that fails says. */
function found(): string | undefined {
  for (let seed = 0; seed < SEEDS_MAX; seed++) {
    const failures = failuresOf(seed);
    if (failures.length > 0) return failures.join("; ");
  }
  return undefined;
}

function failuresOf(seed: number): readonly string[] {
  try {
    return chaos(seed);
  } catch (error) {
    return [`thrown: ${String(error)}`];
  }
}

test("check, then broadcast: who asks is told yes whatever is under way here", () => {
  using _ = replace(
    NameRivals.prototype,
    "handleClaim",
    (before) =>
      function (this: NameRivals, peer, message, now) {
        before.call(this, peer, { ...message, replace: true }, now);
        before.call(this, peer, { ...message, fence: 0 }, now);
      },
  );
  expect(found()).toMatch(/connected, held it|holders|differ|not held/);
});

test("clean-up by name only: the old holder's end removes the new one", () => {
  using _ = replace(
    NameHolders.prototype,
    "setOther",
    (before) =>
      function (this: NameHolders, peer, name, local, entry) {
        const held = this.otherOn(peer.node, name);
        before.call(this, peer, name, entry === undefined ? (held?.local ?? local) : local, entry);
      },
  );
  expect(found()).toMatch(/differ|not seen/);
});

test("both keep their own: a conflict is nobody's business", () => {
  using _check = replace(NameConflicts.prototype, "check", () => () => undefined);
  using _step = replace(NameConflicts.prototype, "inStep", () => () => undefined);
  expect(found()).toMatch(/holders|differ/);
});

test("confirmed by another node: who says yes enters the name, whatever becomes of the claim", () => {
  using _ = replace(
    GlobalNames.prototype,
    "handle",
    (before) =>
      function (this: GlobalNames, input, now) {
        before.call(this, input, now);
        if (input.kind !== "message" || input.message.kind !== "claim") return;
        const { fence, local, name } = input.message;
        const entry = { claimed: fence, fence, rule: "exit_loser", replaces: [] } as const;
        if (this.holders.shown(name) !== undefined) return;
        this.holders.setOther({ node: input.peer, creation: 1 }, name, local, entry);
      },
  );
  expect(found()).toMatch(/differ/);
});

test("registered when it is confirmed here, without waiting for the others", () => {
  using _ = replace(
    NameMarks.prototype,
    "set",
    () =>
      function (passed) {
        passed();
        return 0;
      },
  );
  expect(found()).toMatch(/not seen/);
});

test("nobody hears of the end of a holder", () => {
  using _ = replace(
    GlobalNames.prototype,
    "handle",
    (before) =>
      function (this: GlobalNames, input, now) {
        if (input.kind !== "ended") before.call(this, input, now);
      },
  );
  expect(found()).toMatch(/left|never answered/);
});

test("fences of others are not heeded", () => {
  using _ = replace(FenceClock.prototype, "see", () => () => undefined);
  expect(found()).toBeDefined();
});

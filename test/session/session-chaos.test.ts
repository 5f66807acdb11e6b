import { expect, test } from "bun:test";
import fc from "fast-check";
import { SessionWorld, type WorldNode } from "../support/session-world.ts";

const EVENTS = [
  "connect",
  "control",
  "lane",
  "lanes",
  "partition",
  "heal",
  "restart",
  "end",
  "abort",
] as const;

/** What the application of a node saw: every session goes up once and is over once, one after the other. */
function expectAlternating(node: WorldNode): void {
  const seen = node.log.filter((line) => line.startsWith("up") || line.startsWith("over"));
  seen.forEach((line, index) => expect(line).toStartWith(index % 2 === 0 ? "up" : "over"));
}

test("whatever happens to two nodes, sessions begin and end in turn, and afterwards both agree on one", () => {
  const step = fc.record({
    kind: fc.constantFrom(...EVENTS),
    side: fc.boolean(),
    lane: fc.integer({ min: 1, max: 2 }),
    waitMs: fc.oneof(fc.nat(30), fc.nat(8_000)),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 1, max: 40 }),
      (steps, latencyMs) => {
        const world = new SessionWorld({ latencyMs });
        const ends = [world.add("a@host"), world.add("b@host")];
        let creation = 100;
        world.connect(ends[0]!, ends[1]!);
        for (const { kind, side, lane, waitMs } of steps) {
          const [node, peer] = side ? [ends[0]!, ends[1]!] : [ends[1]!, ends[0]!];
          if (kind === "connect") world.connect(node, peer);
          else if (kind === "control") world.cutControl();
          else if (kind === "lane") world.cutLane(node, peer, lane);
          else if (kind === "lanes") world.cutLanes(node, peer);
          else if (kind === "partition") world.partitioned = true;
          else if (kind === "heal") world.partitioned = false;
          else if (kind === "end")
            world.input(node, peer.name, { kind: "end", reason: "disconnect", lastFrames: [] });
          else if (kind === "abort")
            world.input(node, peer.name, { kind: "abort", reason: "malformed", text: "" });
          else {
            world.kill(node);
            expectAlternating(node);
            ends[side ? 0 : 1] = world.add(node.name, creation++);
          }
          world.run(waitMs);
        }
        const [a, b] = ends as [WorldNode, WorldNode];
        world.partitioned = false;
        // Longer than it takes to notice a silent peer, and the grace.
        world.run(90_000);
        for (let tries = 0; tries < 3; tries++) {
          world.connect(a, b);
          world.run(5_000);
        }
        for (const [node, peer] of [
          [a, b],
          [b, a],
        ] as const) {
          expectAlternating(node);
          const session = world.session(node, peer.name);
          expect(session.state).toBe("up");
          expect(session.live!.info.peer.creation).toBe(peer.hello.creation);
          expect(session.live!.lanes.map((one) => one.attached)).toEqual([true, true]);
        }
        expect(world.session(a, b.name).live!.info.id).toEqual(
          world.session(b, a.name).live!.info.id,
        );
        expect(world.openWires).toBe(1);
      },
    ),
    { numRuns: 300 },
  );
});

test("sockets alone, lost in whatever order and as often, never end a session", () => {
  const step = fc.record({
    kind: fc.constantFrom("control", "lane", "lanes", "connect"),
    side: fc.boolean(),
    lane: fc.integer({ min: 1, max: 2 }),
    waitMs: fc.oneof(fc.nat(30), fc.nat(1_000)),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 60 }),
      (steps, latencyMs) => {
        const world = new SessionWorld({ latencyMs });
        const [a, b] = [world.add("a@host"), world.add("b@host")];
        world.connect(a, b);
        world.run(latencyMs * 10);
        for (const { kind, side, lane, waitMs } of steps) {
          const [node, peer] = side ? [a, b] : [b, a];
          if (kind === "connect") world.connect(node, peer);
          else if (kind === "control") world.cutControl();
          else if (kind === "lane") world.cutLane(node, peer, lane);
          else world.cutLanes(node, peer);
          world.run(waitMs);
        }
        world.run(20_000);
        for (const node of [a, b]) {
          expect(
            node.log.filter((line) => line.startsWith("up") || line.startsWith("over")),
          ).toHaveLength(1);
        }
        expect(world.session(a, b.name).state).toBe("up");
        expect(world.session(b, a.name).state).toBe("up");
      },
    ),
    { numRuns: 300 },
  );
});

import { describe, expect, test } from "bun:test";
import { SessionWorld, type WorldNode, type WorldOptions } from "../support/session-world.ts";

/** Two connected nodes with all their lanes. */
function connected(options: WorldOptions = {}): {
  world: SessionWorld;
  a: WorldNode;
  b: WorldNode;
} {
  const world = new SessionWorld(options);
  const a = world.add("a@host");
  const b = world.add("b@host");
  world.connect(a, b);
  world.run(100);
  for (const node of [a, b]) node.log.splice(0);
  return { world, a, b };
}

const state = (world: SessionWorld, node: WorldNode, peer: WorldNode) =>
  world.session(node, peer.name).state;
const lanes = (world: SessionWorld, node: WorldNode, peer: WorldNode) =>
  world.session(node, peer.name).live?.lanes.map((lane) => lane.attached);

/** For so long the schedulers of these nodes say, with every beat, that the peer owes an acknowledgement on the lane. */
function stalls(
  world: SessionWorld,
  pairs: readonly (readonly [WorldNode, WorldNode])[],
  lane: number,
  forMs: number,
): void {
  for (let ms = 0; ms < forMs; ms += 100) {
    for (const [node, peer] of pairs) world.input(node, peer.name, { kind: "lane_stalled", lane });
    world.run(100);
  }
}

describe("connecting", () => {
  test.each([
    ["the arbiter", 1],
    ["the other", 0],
  ])("%s dials, and both are up with all lanes", (_who, dialler) => {
    const world = new SessionWorld();
    const nodes = [world.add("a@host"), world.add("b@host")] as const;
    const [from, to] = dialler === 0 ? nodes : [nodes[1], nodes[0]];
    world.connect(from, to);
    world.run(50);
    for (const [node, peer] of [nodes, [nodes[1], nodes[0]] as const]) {
      expect(node.log).toEqual([`up ${peer.name}`]);
      expect(state(world, node, peer)).toBe("up");
      expect(lanes(world, node, peer)).toEqual([true, true]);
    }
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "both dial, the second %s ms later: one connection, one session",
    (delayMs) => {
      for (const first of [0, 1]) {
        const world = new SessionWorld({ latencyMs: 2 });
        const nodes = [world.add("a@host"), world.add("b@host")] as const;
        const [one, two] = first === 0 ? nodes : [nodes[1], nodes[0]];
        world.connect(one, two);
        world.run(delayMs);
        world.connect(two, one);
        world.run(3_000);
        for (const [node, peer] of [nodes, [nodes[1], nodes[0]] as const]) {
          expect(
            node.log.filter((line) => line.startsWith("up") || line.startsWith("over")),
          ).toEqual([`up ${peer.name}`]);
          expect(lanes(world, node, peer)).toEqual([true, true]);
          expect(state(world, node, peer)).toBe("up");
        }
        expect(world.openWires).toBe(1);
      }
    },
  );

  test("the same works when one direction is firewalled", () => {
    for (const refused of [0, 1]) {
      const world = new SessionWorld();
      const nodes = [world.add("a@host"), world.add("b@host")] as const;
      nodes[refused]!.refuses = true;
      world.connect(nodes[0], nodes[1]);
      world.connect(nodes[1], nodes[0]);
      world.run(500);
      for (const node of nodes)
        expect(node.log.filter((line) => line.startsWith("up"))).toHaveLength(1);
    }
  });

  test("a refused dial is reported, and the next one may succeed", () => {
    const world = new SessionWorld();
    const [a, b] = [world.add("a@host"), world.add("b@host")];
    b.refuses = true;
    world.connect(a, b);
    world.run(50);
    expect(a.log).toEqual(["failed b@host connection_refused"]);
    b.refuses = false;
    world.connect(a, b);
    world.run(50);
    expect(a.log.at(-1)).toBe("up b@host");
  });

  test("a tool without schedulers is up without lanes", () => {
    const world = new SessionWorld();
    const b = world.add("b@host");
    const tool = world.add("tool@host", 5, {
      schedulers: 0,
      address: undefined,
      lanePorts: [],
      hidden: true,
    });
    world.connect(tool, b);
    world.run(50);
    expect(lanes(world, b, tool)).toEqual([]);
    world.cutControl();
    world.run(1);
    expect(b.log).toEqual([
      "up tool@host",
      "suspected tool@host",
      "over tool@host connection_closed",
    ]);
  });
});

describe("within the grace", () => {
  test.each([
    ["the control connection", (world: SessionWorld) => world.cutControl()],
    [
      "one lane, seen by both",
      (world: SessionWorld, a: WorldNode, b: WorldNode) => (
        world.cutLane(a, b, 1),
        world.cutLane(b, a, 1)
      ),
    ],
    [
      "one lane, seen by one",
      (world: SessionWorld, a: WorldNode, b: WorldNode) => world.cutLane(b, a, 2),
    ],
    [
      "all sockets",
      (world: SessionWorld, a: WorldNode, b: WorldNode) => (
        world.cutControl(),
        world.cutLanes(a, b)
      ),
    ],
  ])("%s is repaired and nobody is told", (_what, cut) => {
    const { world, a, b } = connected();
    const before = world.session(a, b.name).live!.info.id;
    for (let round = 0; round < 20; round++) {
      cut(world, a, b);
      world.run(2_500);
      for (const [node, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        expect(state(world, node, peer)).toBe("up");
        expect(lanes(world, node, peer)).toEqual([true, true]);
        expect(node.log.filter((line) => line.startsWith("up") || line.startsWith("over"))).toEqual(
          [],
        );
      }
    }
    expect(world.session(a, b.name).live!.info.id).toEqual(before);
    expect(world.openWires).toBe(1);
  });

  test("a repair takes a few round trips, not a pause", () => {
    const { world, a, b } = connected();
    world.cutControl();
    world.cutLanes(a, b);
    world.run(30);
    expect(state(world, a, b)).toBe("up");
    expect(state(world, b, a)).toBe("up");
  });

  test("a lane whose dials are refused for longer ends the session, on both sides, once", () => {
    const { world, a, b } = connected();
    a.lanesRefused.add(1);
    b.lanesRefused.add(1);
    world.cutLane(a, b, 1);
    world.cutLane(b, a, 1);
    world.run(4_900);
    expect(state(world, a, b)).toBe("suspect");
    world.run(200);
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(node.log.filter((line) => line.startsWith("over"))).toEqual([
        `over ${peer.name} connection_closed`,
      ]);
    }
  });

  test("unless the peer says that its scheduler there is stuck", () => {
    const { world, a, b } = connected();
    a.lanesRefused.add(1);
    b.lanesRefused.add(1);
    for (const node of [a, b]) node.schedulersLagMs = [8_000, 0];
    stalls(
      world,
      [
        [a, b],
        [b, a],
      ],
      1,
      3_000,
    );
    expect(lanes(world, a, b)).toEqual([true, true]);
    world.cutLane(a, b, 1);
    world.cutLane(b, a, 1);
    world.run(12_000);
    expect(state(world, a, b)).toBe("suspect");
  });

  test("a lane that acknowledges nothing is reset once the peer's scheduler is known to run", () => {
    const { world, a, b } = connected();
    stalls(world, [[a, b]], 2, 1_200);
    world.run(2_000);
    expect(a.log).toEqual(["suspected b@host", "recovered b@host"]);
    expect(lanes(world, a, b)).toEqual([true, true]);
    expect(lanes(world, b, a)).toEqual([true, true]);
  });

  test("who was stuck has time to read what waits, and a lane that was owed something once is as good as any", () => {
    const { world, a, b } = connected();
    b.schedulersLagMs = [8_000, 0];
    stalls(world, [[a, b]], 1, 3_000);
    b.schedulersLagMs = [0, 0];
    stalls(world, [[a, b]], 1, 900);
    // Now the acknowledgement has come; ticks go on.
    world.run(300_000);
    expect(a.log).toEqual([]);
    expect(b.log).toEqual([]);
  });

  test("a partition longer than the grace ends the session on both sides, a shorter one does not", () => {
    for (const [ms, over] of [
      [4_000, false],
      [6_000, true],
    ] as const) {
      const { world, a, b } = connected();
      world.partitioned = true;
      world.cutControl();
      world.cutLanes(a, b);
      world.run(ms);
      world.partitioned = false;
      world.run(300);
      for (const node of [a, b])
        expect(node.log.some((line) => line.startsWith("over"))).toBe(over);
    }
  });

  test("a stuck scheduler is no excuse where there is no grace", () => {
    const { world, a, b } = connected({ graceMs: 0 });
    world.input(a, b.name, {
      kind: "tick",
      tick: { probe: false, stamp: 0, echo: 0, fence: 7, lagMs: [60_000, 60_000] },
    });
    world.cutLane(a, b, 1);
    expect(a.log.at(-1)).toBe("over b@host connection_closed");
  });

  test("a lane given up by both at once is dialled once more and stays", () => {
    const { world, a, b } = connected();
    stalls(
      world,
      [
        [a, b],
        [b, a],
      ],
      1,
      1_200,
    );
    expect(a.log.length + b.log.length).toBeGreaterThan(0);
    world.run(60_000);
    for (const node of [a, b]) expect(node.log.length).toBeLessThanOrEqual(4);
    expect(lanes(world, a, b)).toEqual([true, true]);
    expect(lanes(world, b, a)).toEqual([true, true]);
  });

  test("with a grace of 0 the first lost socket ends the session", () => {
    const { world, a, b } = connected({ graceMs: 0 });
    world.cutLane(a, b, 1);
    expect(a.log).toEqual(["suspected b@host", "over b@host connection_closed"]);
    world.run(10);
    expect(b.log.at(-1)).toBe("over a@host connection_closed");
  });
});

describe("gone", () => {
  test("a killed node is over after two refused dials, long before the grace", () => {
    for (const victim of [0, 1]) {
      const { world, a, b } = connected();
      const [dead, survivor] = victim === 0 ? [a, b] : [b, a];
      world.kill(dead);
      world.run(60);
      expect(survivor.log).toEqual([
        `suspected ${dead.name}`,
        `over ${dead.name} connection_closed`,
      ]);
    }
  });

  test("refused dials alone say nothing while a lane lives", () => {
    const { world, a, b } = connected();
    a.refuses = b.refuses = true;
    world.cutControl();
    world.run(4_000);
    expect(state(world, a, b)).toBe("suspect");
    a.refuses = b.refuses = false;
    world.run(500);
    expect(state(world, a, b)).toBe("up");
  });

  test("dials that were refused while a lane lived say nothing once it is lost as well", () => {
    const { world, a, b } = connected();
    a.refuses = b.refuses = true;
    world.cutControl();
    world.run(1_000);
    a.refuses = b.refuses = false;
    // Before the next dial of the control connection is due.
    world.cutLanes(a, b);
    world.run(500);
    expect(state(world, a, b)).toBe("up");
    expect(a.log.filter((line) => line.startsWith("over"))).toEqual([]);
  });

  test("behind a proxy refused dials say nothing at all", () => {
    const { world, a, b } = connected({ refusedIsDown: false });
    world.kill(b);
    world.run(4_900);
    expect(state(world, a, b)).toBe("suspect");
    world.run(200);
    expect(a.log.at(-1)).toBe("over b@host connection_closed");
  });

  test.each([
    ["a@host", "b@host"],
    ["b@host", "a@host"],
  ])("a restarted %s is a new session for %s: over once, up once", (restarted, other) => {
    for (const who of ["restarted", "other"]) {
      const { world, a, b } = connected();
      const [old, stays] = restarted === "a@host" ? [a, b] : [b, a];
      world.kill(old);
      const fresh = world.add(restarted, 78);
      world.run(5);
      if (who === "restarted") world.connect(fresh, stays);
      else world.connect(stays, fresh);
      world.run(2_000);
      if (stays.log.at(-1) !== `up ${restarted}`) {
        world.connect(stays, fresh);
        world.run(2_000);
      }
      expect(stays.name).toBe(other);
      expect(
        stays.log
          .filter((line) => line.startsWith("up") || line.startsWith("over"))
          .map((line) => line.split(" ")[0]),
      ).toEqual(["over", "up"]);
    }
  });

  test.each([
    ["c@host", "b@host"],
    ["a@host", "b@host"],
  ])(
    "a second living node named %s is refused as name_taken and the first keeps its session",
    (name, to) => {
      const world = new SessionWorld();
      const first = world.add(name, 77);
      const b = world.add(to);
      world.connect(first, b);
      world.run(100);
      const second = world.add(name, 78);
      world.connect(second, b);
      world.run(3_000);
      expect(second.log.at(-1)).toBe(`failed ${to} name_taken`);
      expect(b.log.filter((line) => line.startsWith("over"))).toEqual([]);
      expect(state(world, first, b)).toBe("up");
    },
  );

  test("what a node said before it died does not keep its next start out", () => {
    const { world, a, b } = connected();
    a.alive = false;
    const fresh = world.add("a@host", 78);
    world.connect(fresh, b);
    world.run(100);
    // Bytes that were on their way since before the question.
    world.input(b, "a@host", { kind: "heard" });
    world.run(2_000);
    expect(fresh.log).toEqual(["up b@host"]);
    expect(b.log.slice(-2)).toEqual(["over a@host node_restarted", "up a@host"]);
  });

  test("a silent namesake makes room after a second", () => {
    const { world, a, b } = connected();
    // The node hangs: its sockets stay open and nothing comes from it.
    a.alive = false;
    const fresh = world.add("a@host", 78);
    world.connect(fresh, b);
    world.run(900);
    expect(b.log).toEqual([]);
    world.run(200);
    expect(b.log).toEqual(["over a@host node_restarted", "up a@host"]);
    expect(fresh.log.at(-1)).toBe("up b@host");
  });
});

describe("ending", () => {
  test("an orderly end reaches both sides with its reason", () => {
    const { world, a, b } = connected();
    world.input(a, b.name, { kind: "end", reason: "shutdown", lastFrames: [10, 12] });
    world.run(100);
    expect(a.log).toEqual(["over b@host shutdown"]);
    expect(b.log).toEqual(["over a@host shutdown"]);
    expect(world.openWires).toBe(0);
  });

  test("an orderly end that the peer does not answer takes a second", () => {
    const { world, a, b } = connected();
    world.partitioned = true;
    world.input(a, b.name, { kind: "end", reason: "disconnect", lastFrames: [] });
    world.run(999);
    expect(a.log).toEqual([]);
    world.run(2);
    expect(a.log).toEqual(["over b@host disconnect"]);
  });

  test("a peer that says goodbye again and again is waited for once", () => {
    const { world, a, b } = connected();
    const session = world.session(a, b.name);
    const goodbye = { kind: "peer_goodbye", reason: "shutdown", lastFrames: [9, 9] } as const;
    const outputs: string[] = [];
    for (let ms = 0; ms <= 3_000; ms += 300) {
      session.handle(goodbye, world.now + ms);
      session.handleTimeout(world.now + ms);
      for (let output = session.pollOutput(); output; output = session.pollOutput())
        outputs.push(output.kind);
      if (ms < 1_000) expect(session.state).toBe("ending");
    }
    expect(session.state).toBe("idle");
    expect(outputs.filter((kind) => kind === "await_frames")).toHaveLength(1);
    expect(outputs.filter((kind) => kind === "session_over")).toHaveLength(1);
  });

  test("a failure of a lane ends the session at once, on both sides", () => {
    const { world, a, b } = connected();
    world.input(a, b.name, { kind: "abort", reason: "malformed", text: "unknown signal kind 99" });
    expect(a.log).toEqual(["over b@host malformed"]);
    world.run(5);
    expect(b.log).toEqual(["over a@host malformed"]);
  });

  test("a side that has given up refuses the resume, and a new session follows", () => {
    const { world, a, b } = connected();
    world.partitioned = true;
    world.input(a, b.name, { kind: "abort", reason: "scheduler_killed", text: "" });
    world.run(10);
    world.partitioned = false;
    world.input(b, a.name, {
      kind: "control_lost",
      connection: world.session(b, a.name).live!.control!.connection,
    });
    world.run(3_000);
    const lines = b.log.filter((line) => line.startsWith("up") || line.startsWith("over"));
    expect(lines).toEqual(["over a@host session_over", "up a@host"]);
    expect(a.log).toEqual(["over b@host scheduler_killed", "up b@host"]);
  });

  test("a silent peer is suspected after the tick's time-out and over after the grace, as net_tick_timeout", () => {
    const { world, a, b } = connected();
    world.partitioned = true;
    world.run(75_000 - 200);
    expect(a.log).toEqual([]);
    world.run(300);
    expect(a.log).toEqual(["suspected b@host"]);
    world.run(5_000);
    expect(a.log.at(-1)).toBe("over b@host net_tick_timeout");
    expect(b.log.at(-1)).toBe("over a@host net_tick_timeout");
  });

  test("a silent peer without a grace is over once", () => {
    const { world, a, b } = connected({ graceMs: 0 });
    world.partitioned = true;
    world.run(80_000);
    const ends = a.log.filter((line) => line.startsWith("over"));
    expect(ends).toEqual([`over ${b.name} net_tick_timeout`]);
  });

  test("an idle session ticks and stays", () => {
    const { world, a, b } = connected();
    world.run(600_000);
    expect([...a.log, ...b.log]).toEqual([]);
    expect(state(world, a, b)).toBe("up");
  });
});

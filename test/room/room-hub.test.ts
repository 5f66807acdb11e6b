import { describe, expect, test } from "bun:test";
import { ROOM_FRAME_BYTES_MAX } from "../../src/base/limits.ts";
import { originText } from "../../src/room/outgoing-message.ts";
import { publish, RoomsWorld, TestClient } from "./rooms-world.ts";

const texts = (client: TestClient): string[] => client.got.map(({ payload }) => payload);

const joinedClient = (world: RoomsWorld, name: string, node: string, index = 1): TestClient => {
  const client = new TestClient(world, name);
  client.join(world.hub(node, index), "lobby");
  world.settle();
  expect(client.isJoined).toBe(true);
  return client;
};

describe("publishing", () => {
  test("reaches every socket of the room on every scheduler of every node, once and in order", () => {
    const world = new RoomsWorld({ seed: 1, nodes: ["a", "b", "c"], schedulers: 2 });
    world.settle();
    const clients = ["a", "b", "c"].flatMap((node) =>
      [1, 2].map((index) => joinedClient(world, `${node}${index}`, node, index)),
    );
    const sent = Array.from({ length: 50 }, () => publish(world.hub("a", 2), "lobby"));
    world.settle();
    for (const client of clients) {
      expect(texts(client)).toEqual(sent);
      expect(client.doubles).toBe(0);
    }
  });

  test("sends one frame to each node with members and none to others", () => {
    const world = new RoomsWorld({ seed: 2, nodes: ["a", "b", "c"], schedulers: 2 });
    world.settle();
    joinedClient(world, "b1", "b", 1);
    joinedClient(world, "b2", "b", 2);
    const { hub } = world.hub("a", 1);
    publish(world.hub("a", 1), "lobby");
    expect(hub.counts).toEqual({ published: 1, toNodes: 1, toSchedulers: 0 });
    publish(world.hub("a", 1), "nobody is here");
    expect(hub.counts.toNodes).toBe(1);
  });

  test("leaves out those who are excepted", () => {
    const world = new RoomsWorld({ seed: 3, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const one = joinedClient(world, "one", "a");
    const two = joinedClient(world, "two", "b");
    const three = joinedClient(world, "three", "b");
    publish(world.hub("a"), "lobby", [one.id, two.id]);
    const last = publish(world.hub("a"), "lobby");
    world.settle();
    expect(texts(one)).toEqual([last]);
    expect(texts(two)).toEqual([last]);
    expect(three.got).toHaveLength(2);
  });

  test("goes to nobody any more when the last socket has left", () => {
    const world = new RoomsWorld({ seed: 4, nodes: ["a", "b"], schedulers: 2 });
    world.settle();
    const client = joinedClient(world, "one", "b", 2);
    client.drop("lobby");
    world.settle();
    publish(world.hub("a", 1), "lobby");
    world.settle();
    for (const node of ["a", "b"]) {
      for (const index of [1, 2]) {
        const { rooms, followed } = world.hub(node, index).hub.sizes;
        expect({ rooms, followed }).toEqual({ rooms: 0, followed: 0 });
      }
    }
    expect(world.hub("a", 1).hub.counts.toNodes).toBe(0);
  });
});

describe("coming back", () => {
  test("on another node brings what was published meanwhile, from every origin, and then what comes", () => {
    const world = new RoomsWorld({ seed: 5, nodes: ["a", "b", "c"], schedulers: 2 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    const sent = [publish(world.hub("b", 1), "lobby"), publish(world.hub("c", 2), "lobby")];
    world.settle();
    client.drop("lobby");
    world.settle();
    for (const node of ["a", "b", "c"])
      for (const index of [1, 2]) sent.push(publish(world.hub(node, index), "lobby"));
    client.join(world.hub("b", 2), "lobby");
    sent.push(publish(world.hub("c", 2), "lobby"));
    world.settle();
    sent.push(publish(world.hub("a", 1), "lobby"));
    world.settle();
    expect(client.isJoined).toBe(true);
    expect(texts(client).toSorted()).toEqual(sent.toSorted());
    expect(client.doubles).toBe(0);
    expect(client.gaps).toEqual([]);
  });

  test("after more than the window tells of a gap, and brings what there is", () => {
    const world = new RoomsWorld({
      seed: 6,
      nodes: ["a", "b"],
      schedulers: 1,
      log: { windowMessages: 5 },
    });
    world.settle();
    const client = joinedClient(world, "one", "a");
    client.drop("lobby");
    const sent = Array.from({ length: 8 }, () => publish(world.hub("b"), "lobby"));
    client.join(world.hub("a"), "lobby");
    world.settle();
    expect(texts(client)).toEqual(sent.slice(3));
    expect(client.gaps).toMatchObject([{ after: 0, upTo: 3, cause: "window" }]);
  });

  test("tells of a gap for an origin that is gone, after waiting for it", () => {
    const world = new RoomsWorld({ seed: 7, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    publish(world.hub("a"), "lobby");
    world.settle();
    const [origin] = [...client.cursor.keys()].filter((key) => client.cursor.get(key) === 1);
    client.drop("lobby");
    world.kill("a");
    client.join(world.hub("b"), "lobby");
    world.settle();
    expect(client.isJoined).toBe(false);
    const later = publish(world.hub("b"), "lobby");
    expect(texts(client).at(-1)).toBe(later);
    world.pass(5_000);
    expect(client.isJoined).toBe(true);
    expect(client.gaps).toMatchObject([{ origin, after: 1, upTo: null, cause: "origin_lost" }]);
  });

  test("to a node that has just started waits for the others to be connected", () => {
    const world = new RoomsWorld({ seed: 8, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    const sent = [publish(world.hub("b"), "lobby")];
    world.settle();
    client.drop("lobby");
    world.kill("a");
    sent.push(publish(world.hub("b"), "lobby"));
    world.start("a");
    // The schedulers of `a` have not heard of `b` yet.
    client.join(world.hub("a"), "lobby");
    world.settle();
    world.pass(5_000);
    expect(texts(client)).toEqual(sent);
    expect(client.gaps.map(({ cause }) => cause)).toEqual(["origin_lost"]);
  });

  test("brings in parts what is too long for one frame, also by way of another scheduler", () => {
    const world = new RoomsWorld({ seed: 21, nodes: ["a", "b"], schedulers: 2 });
    world.settle();
    const client = joinedClient(world, "one", "a", 2);
    client.drop("lobby");
    const filling = "x".repeat(60_000);
    const sent = Array.from({ length: 8 }, () => publish(world.hub("b", 1), "lobby", [], filling));
    client.join(world.hub("a", 2), "lobby");
    world.settle();
    expect(texts(client)).toEqual(sent);
    expect(client.doubles).toBe(0);
    expect(client.gaps).toEqual([]);
    expect(world.longest).toBeGreaterThan(ROOM_FRAME_BYTES_MAX - 70_000);
    expect(world.longest).toBeLessThan(ROOM_FRAME_BYTES_MAX);
  });

  test("brings all of it with the next answer when the lane is full behind the first part", () => {
    const world = new RoomsWorld({ seed: 22, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    client.drop("lobby");
    world.settle();
    const filling = "x".repeat(60_000);
    const origin = world.hub("b");
    const sent = Array.from({ length: 8 }, () => publish(origin, "lobby", [], filling));
    origin.fullAfter.set("a", 1);
    client.join(world.hub("a"), "lobby");
    world.settle();
    expect(world.hub("a").hub.sizes.unfinished).toBe(1);
    expect(texts(client)).toEqual([]);
    origin.fullAfter.clear();
    origin.hub.lanesReady();
    world.settle();
    expect(texts(client)).toEqual(sent);
    expect(client.gaps).toEqual([]);
    expect(world.hub("a").hub.sizes.unfinished).toBe(0);
  });

  test.each(["session", "room"] as const)("leaves nothing behind when the %s ends", (what) => {
    const world = new RoomsWorld({ seed: 23, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    client.drop("lobby");
    world.settle();
    const origin = world.hub("b");
    for (let n = 0; n < 8; n++) publish(origin, "lobby", [], "x".repeat(60_000));
    origin.fullAfter.set("a", 1);
    client.join(world.hub("a"), "lobby");
    world.settle();
    expect(world.hub("a").hub.sizes.unfinished).toBe(1);
    if (what === "session") world.cut("a", "b");
    else client.drop("lobby");
    world.settle();
    expect(world.hub("a").hub.sizes.unfinished).toBe(0);
  });

  test("does not bring what the client itself was excepted from", () => {
    const world = new RoomsWorld({ seed: 9, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    const { id } = client;
    client.drop("lobby");
    publish(world.hub("b"), "lobby", [id]);
    const sent = publish(world.hub("b"), "lobby");
    client.join(world.hub("b"), "lobby");
    world.settle();
    expect(texts(client)).toEqual([sent]);
  });
});

describe("a session that breaks", () => {
  test("and comes back loses nothing: the room asks for what it missed", () => {
    const world = new RoomsWorld({ seed: 10, nodes: ["a", "b"], schedulers: 2 });
    world.settle();
    const client = joinedClient(world, "one", "a", 2);
    const sent = [publish(world.hub("b", 1), "lobby")];
    world.cut("a", "b");
    world.settle();
    sent.push(publish(world.hub("b", 1), "lobby"), publish(world.hub("b", 2), "lobby"));
    world.connect("a", "b");
    world.settle();
    expect(texts(client).toSorted()).toEqual(sent.toSorted());
    expect(client.gaps).toEqual([]);
  });

  test("for good is told as a gap; one whose node stopped in order is not", () => {
    const world = new RoomsWorld({ seed: 11, nodes: ["a", "b", "c"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "a");
    publish(world.hub("b"), "lobby");
    const last = publish(world.hub("c"), "lobby");
    world.kill("c", true);
    world.kill("b");
    world.settle();
    world.pass(15_000);
    expect(texts(client)).toContain(last);
    expect(client.gaps).toMatchObject([{ upTo: null, cause: "origin_lost" }]);
  });

  test("while a lane is full nothing is lost: the receiver asks again", () => {
    const world = new RoomsWorld({ seed: 12, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const client = joinedClient(world, "one", "b");
    const publisher = world.hub("a");
    const sent = [publish(publisher, "lobby")];
    publisher.full.add("b");
    sent.push(publish(publisher, "lobby"), publish(publisher, "lobby"));
    publisher.full.delete("b");
    // Nothing goes behind a hole before it has been told of.
    sent.push(publish(publisher, "lobby"));
    publisher.hub.lanesReady();
    sent.push(publish(publisher, "lobby"));
    world.settle();
    expect(texts(client)).toEqual(sent);
    expect(client.gaps).toEqual([]);
  });

  test("while a lane is full the answer to a scheduler is asked for again, though the lane ends on one that knows nothing of it", () => {
    const world = new RoomsWorld({ seed: 24, nodes: ["a", "b"], schedulers: 2 });
    world.settle();
    const origin = world.hub("b", 1);
    origin.fullAfter.set("a", 0);
    const client = new TestClient(world, "one");
    client.join(world.hub("a", 2), "lobby");
    // What scheduler 2 asks its sibling is slower than what it asks the other node.
    const { inbox } = world.hub("a", 1);
    const slow = inbox.get("port 2")!;
    inbox.delete("port 2");
    world.settle();
    origin.drain();
    world.settle();
    inbox.set("port 2", slow);
    world.settle();
    expect(client.isJoined).toBe(true);
    const sent = publish(origin, "lobby");
    world.settle();
    expect(texts(client)).toEqual([sent]);
  });

  test("a scheduler that was ended is a gap, and its successor is heard", () => {
    const world = new RoomsWorld({ seed: 13, nodes: ["a"], schedulers: 2 });
    const client = joinedClient(world, "one", "a", 1);
    publish(world.hub("a", 2), "lobby");
    world.settle();
    const [dead] = client.got;
    const node = world.nodes.get("a")!;
    const { TestHub } = {
      TestHub: node.hubs[1]!.constructor as new (...args: unknown[]) => (typeof node.hubs)[1],
    };
    node.hubs[1] = new TestHub(world, node, 2);
    node.hubs[0]!.hub.schedulerDown(2);
    world.settle();
    const sent = publish(world.hub("a", 2), "lobby");
    world.settle();
    expect(client.gaps).toMatchObject([{ origin: dead!.origin, after: 1, upTo: null }]);
    expect(texts(client).at(-1)).toBe(sent);
    expect(client.got.at(-1)!.origin).not.toBe(dead!.origin);
    expect(originText(5)).toBe("5");
  });
});

describe("a slow socket", () => {
  test("gets nothing until it has drained, then a gap and what comes", () => {
    const world = new RoomsWorld({ seed: 14, nodes: ["a"], schedulers: 1 });
    const slow = joinedClient(world, "slow", "a");
    const quick = joinedClient(world, "quick", "a");
    const { hub } = world.hub("a");
    hub.stick(slow, ["lobby"]);
    const missed = [publish(world.hub("a"), "lobby"), publish(world.hub("a"), "lobby")];
    expect(slow.got).toEqual([]);
    expect(texts(quick)).toEqual(missed);
    hub.unstick(slow, ["lobby"], false);
    expect(slow.gaps).toMatchObject([{ after: 0, upTo: 2, cause: "slow" }]);
    const next = publish(world.hub("a"), "lobby");
    expect(texts(slow)).toEqual([next]);
  });

  test("with the policy `latest` gets the newest message as well", () => {
    const world = new RoomsWorld({ seed: 15, nodes: ["a"], schedulers: 1 });
    const slow = joinedClient(world, "slow", "a");
    const { hub } = world.hub("a");
    hub.stick(slow, ["lobby"]);
    publish(world.hub("a"), "lobby");
    const newest = publish(world.hub("a"), "lobby");
    hub.unstick(slow, ["lobby"], true);
    expect(slow.gaps).toMatchObject([{ after: 0, upTo: 1, cause: "slow" }]);
    expect(texts(slow)).toEqual([newest]);
  });
});

describe("a question", () => {
  test("names no more origins than a cluster can have, whatever clients make up", () => {
    const world = new RoomsWorld({ seed: 71, nodes: ["a", "b"], schedulers: 1 });
    world.settle();
    const here = world.hub("a");
    for (let number = 0; number < 3; number++) {
      const client = new TestClient(world, `one ${number}`);
      client.since = 0;
      for (let origin = 0; origin < 4_000; origin++)
        client.cursor.set(originText(1_000_000 * (number + 1) + origin), 1);
      client.join(here, "lobby");
    }
    let longest = 0;
    do {
      for (const item of [...world.hub("b").inbox.values()].flat())
        if ("body" in item) longest = Math.max(longest, item.body.length);
    } while (world.step());
    expect(longest).toBeGreaterThan(4_000 * 12);
    expect(longest).toBeLessThan(4_096 * 12 + 100);
  });
});

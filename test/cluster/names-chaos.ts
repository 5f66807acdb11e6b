/** Random lists of what can happen to global names, and what must hold whatever happened. One seed decides all of it. */
import { replaces } from "../../src/cluster/names/name-holders.ts";
import type { NamesAnswer } from "../../src/cluster/names/names-io.ts";
import { type NamesNode, NamesWorld } from "./names-world.ts";

/** A world of nodes that are all connected and in step. */
export function mesh(seed: number, names: readonly string[]): NamesWorld {
  const world = new NamesWorld(seed, names);
  for (const a of world.nodes)
    for (const b of world.nodes) if (a.name < b.name) world.connect(a, b);
  world.run(100);
  return world;
}

/** What each node shows under a name. */
export const shown = (world: NamesWorld, name: string): (string | undefined)[] =>
  world.nodes.map((node) => node.whereis(name));

const NAMES = ["x", "y", "z"] as const;
const RULES = [
  "exit_loser",
  "keep_first",
  "tell_both",
  { run: "first" },
  { run: "second" },
  { run: "neither" },
  { run: "hang" },
] as const;

/** Claims, deaths, cuts and heals for a while, then everything heals. */
export function chaos(seed: number): readonly string[] {
  const nodes = ["a", "b", "c", "d", "e"].slice(0, 2 + (seed % 4));
  const world = mesh(seed, nodes);
  const { failures, random } = world;
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const told = (node: NamesNode, local: number): number => node.told.get(local)?.length ?? 0;
  const register = (): void => {
    const [by, on, name] = [pick(world.nodes), pick(world.nodes), pick(NAMES)];
    const local = on.spawn();
    const replace = random.random() < 0.2;
    const timeoutMs = random.random() < 0.3 ? random.below(20) : 1_000;
    const isFar = by !== on;
    const answered = (answer: NamesAnswer): void => {
      const own = on.core.holders.own(name);
      if (!answer.ok && own?.local === local && !(isFar && answer.problem === "noconnection")) {
        failures.push(`${name}: ${answer.problem}, and registered all the same`);
      }
      if (!answer.ok || isFar) return;
      // The next one of this node may have replaced it in the same breath.
      if (own !== undefined && own.entry.fence > answer.fence) return;
      if (own?.local !== local) return void failures.push(`${name}: registered, and not held`);
      // It may have been replaced already by somebody of whom this node has not heard yet, or a conflict with a node that
      // came up meanwhile may just be decided.
      const isReplaced = world.nodes.some((node) => {
        const held = node.core.holders.own(name);
        return (
          held !== undefined &&
          (replaces(held, own) || (node !== on && world.isConnected(node, on)))
        );
      });
      if (!isReplaced && told(on, local) === 0) world.registered(on, name, answer.fence);
      for (const other of world.nodes) {
        if (other !== on && world.isConnected(on, other) && other.whereis(name) === undefined) {
          failures.push(`${name}: registered on ${on.name}, not seen on ${other.name}`);
        }
      }
    };
    void by.register(name, on, local, { replace, rule: pick(RULES), timeoutMs, answered });
  };
  for (let step = 0; step < 150; step++) {
    const what = random.random();
    const [a, b] = [pick(world.nodes), pick(world.nodes)];
    if (what < 0.45) register();
    else if (what < 0.55) void a.unregister(pick(NAMES), 1_000);
    else if (what < 0.65 && a.alive.size > 0) a.die(pick([...a.alive]));
    else if (what < 0.8) world.cut(a, b);
    else if (a !== b) world.connect(a, b);
    world.run(random.random() * 30);
  }
  world.run(2_000);
  const doubled: (() => void)[] = [];
  for (const name of NAMES) {
    const holders = world.nodes.filter((node) => node.core.holders.own(name) !== undefined);
    // Whoever was replaced hears nothing.
    const wasReplaced = holders.some(
      ({ core }) => core.holders.own(name)!.entry.replaces.length > 0,
    );
    for (const node of holders.length > 1 && !wasReplaced ? holders : []) {
      const { local } = node.core.holders.own(name)!;
      const before = told(node, local);
      doubled.push(() => {
        // Of three, two may have settled it between them before it was the third one's turn.
        const keeps = node.core.holders.own(name)?.local === local;
        if (keeps && holders.length > 2) return;
        if (told(node, local) === before) failures.push(`${name}: ${node.name} was not told`);
      });
    }
  }
  for (const a of world.nodes) for (const b of world.nodes) if (a !== b) world.connect(a, b);
  world.run(60_000);
  for (const check of doubled) check();
  for (const name of NAMES) {
    if (new Set(shown(world, name)).size > 1) {
      failures.push(`${name}: views differ: ${shown(world, name).join(", ")}`);
    }
    const holders = world.nodes.filter((node) => node.core.holders.own(name) !== undefined);
    if (holders.length > 1) failures.push(`${name}: ${holders.length} holders`);
  }
  for (const node of world.nodes) {
    if (node.unanswered > 0) failures.push(`${node.name}: ${node.unanswered} never answered`);
    for (const local of node.alive) node.die(local);
  }
  world.run(1_000);
  for (const node of world.nodes) {
    if (node.core.size > 0) failures.push(`${node.name}: ${node.core.size} entries left`);
  }
  return failures;
}

/** How soon a loss is known: of a node that was killed, of a cable, and of every socket of a session under load. */
import { readFileSync } from "node:fs";

import { BinaryCluster } from "../../test/e2e/support/binary-cluster.ts";
import type { BinaryNode } from "../../test/e2e/support/binary-node.ts";
import { freePort } from "../../test/e2e/support/free-port.ts";
import { Network, networkRefusal } from "../../test/e2e/support/netns.ts";
import type { Program } from "../../test/e2e/support/program.ts";
import { Relay } from "../../test/e2e/support/relay.ts";
import { compare, median, type Report, type Row } from "../row.ts";
import type { Erlang } from "./erlang.ts";
import { WATCHERS } from "./joins.ts";

const ROUNDS = 5;
const CROWD = 100_000;
const CROWD_MS_MAX = 60_000;

/** Milliseconds since 1970 with their fraction, as watchers.ts and dist.erl say them. */
const now = (): number => performance.timeOrigin + performance.now();

const looking = { modules: [WATCHERS], start: ["look"], schedulers: 1 } as const;

async function noticed(node: BinaryNode, what: string, peer: string): Promise<number> {
  const line = await node.logged("noticed", { what, peer });
  return Number(node.fields(line)!.at);
}

async function noticedByErlang(program: Program, what: string, peer: string): Promise<number> {
  const { text } = await program.lines.waitFor(`"what":"${what}","peer":"${peer}`);
  return (JSON.parse(text) as { at: number }).at;
}

type Side = "dialler" | "dialled";

/** Milliseconds from the SIGKILL of one node until the other one hears NodeDown; which side `survivor` says. */
async function killed(survivor: Side): Promise<number> {
  await using cluster = await BinaryCluster.start();
  const b = await cluster.add("b", { ...looking });
  const a = await cluster.add("a", { ...looking, connect: [b] });
  const [stays, goes] = survivor === "dialler" ? [a, b] : [b, a];
  await noticed(stays, "nodeup", goes.name);
  const at = now();
  goes.program.kill("SIGKILL");
  return (await noticed(stays, "nodedown", goes.name)) - at;
}

async function killedErlang(erlang: Erlang, survivor: Side, round: number): Promise<number> {
  const names = [`kill-a${round}-${survivor}`, `kill-b${round}-${survivor}`] as const;
  await using b = await erlang.start("tcp", { name: names[1], call: ["target"] });
  await using a = await erlang.start("tcp", {
    name: names[0],
    call: ["watcher", `${names[1]}@127.0.0.1`],
  });
  const [stays, goes, gone] = survivor === "dialler" ? [a, b, names[1]] : [b, a, names[0]];
  await noticedByErlang(stays, "nodeup", gone);
  const at = now();
  goes.kill("SIGKILL");
  return (await noticedByErlang(stays, "nodedown", gone)) - at;
}

/** The same when the cable is cut, by the survivor's clock: 1 s tick, 0.5 s timeout, no grace. */
async function cut(): Promise<number> {
  using network = new Network(2);
  await using cluster = await BinaryCluster.start();
  const args = [
    ...["--cluster-tick-interval", "1s", "--cluster-tick-timeout", "500ms"],
    ...["--cluster-session-grace", "0s"],
  ];
  const b = await cluster.add("b", { ...looking, host: network.host(2), args });
  const a = await cluster.add("a", { ...looking, host: network.host(1), args, connect: [b] });
  await noticed(a, "nodeup", b.name);
  await noticed(b, "nodeup", a.name);
  const at = now();
  network.unplug(network.host(2));
  const [ofA, ofB] = [await noticed(a, "nodedown", b.name), await noticed(b, "nodedown", a.name)];
  return Math.max(ofA, ofB) - at;
}

/** Rows `dist.detect_ms`. */
export async function detections(report: Report, erlang?: Erlang): Promise<void> {
  for (const survivor of ["dialler", "dialled"] as const) {
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await killed(survivor));
      if (erlang !== undefined) theirs.push(await killedErlang(erlang, survivor, round));
    }
    const name = `dist.detect_ms (killed, ${survivor})`;
    report(beside(name, "ms", median(ours), "OTP over TCP", theirs));
  }
  if (networkRefusal() !== undefined) return;
  const times: number[] = [];
  for (let round = 0; round < 3; round++) times.push(await cut());
  report({ name: "dist.detect_ms (cable cut)", value: median(times), unit: "ms" });
}

function beside(
  name: string,
  unit: string,
  ours: number,
  label: string,
  theirs: readonly number[],
): Row {
  if (theirs.length === 0) return { name, value: ours, unit };
  return compare(name, unit, ours, label, median(theirs), "lower");
}

/** Addresses of this machine: where a node listens, and where it says that it does. */
const [LISTENS_A, SAYS_A, LISTENS_B, SAYS_B] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
const CUTS = 10;
/** Between two cuts: long enough to be back in full flow. */
const FLOW_MS = 400;

/** A node that is reached through relays only, on its control port and on its one lane port. */
async function relayed(
  cluster: BinaryCluster,
  relays: Relay[],
  node: { letter: string; listens: string; says: string; connect: string[] },
): Promise<{ node: BinaryNode; hint: string }> {
  const { letter, listens, says, connect } = node;
  const [port, lane] = [await freePort([listens, says]), await freePort([listens, says])];
  for (const each of [port, lane]) {
    relays.push(
      await Relay.start({
        host: says,
        port: each,
        target: { host: listens, port: each },
        mode: "bytes",
      }),
    );
  }
  const started = await cluster.add(letter, {
    ...looking,
    port,
    connect,
    args: [
      ...["--listen-host", listens, "--listen-advertise", says],
      ...["--listen-lane-ports", `${lane}-${lane}`],
    ],
  });
  // Its name is of this machine's first address, so that is where it is dialled first.
  const front = await Relay.start({ target: { host: listens, port }, mode: "bytes" });
  relays.push(front);
  return { node: started, hint: `${started.name}:${front.port}` };
}

/**
 * Row `dist.resume_ms`: all sockets of a session are cut while messages flow, until they flow again; and how many of them
 * were lost or came twice.
 */
export async function resumes(report: Report): Promise<void> {
  const relays: Relay[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => relays.forEach((relay) => relay[Symbol.dispose]()));
  const cluster = stack.use(await BinaryCluster.start());
  const b = await relayed(cluster, relays, {
    letter: "b",
    listens: LISTENS_B!,
    says: SAYS_B!,
    connect: [],
  });
  const a = await relayed(cluster, relays, {
    letter: "a",
    listens: LISTENS_A!,
    says: SAYS_A!,
    connect: [b.hint],
  });
  await noticed(a.node, "nodeup", b.node.name);
  await a.node.tool("spawn", a.hint, "pour", b.node.name, String((CUTS + 2) * FLOW_MS));
  await a.node.logged("pouring");
  const cuts: number[] = [];
  for (let n = 0; n < CUTS; n++) {
    await Bun.sleep(FLOW_MS);
    cuts.push(now());
    for (const relay of relays) relay.cut();
  }
  const line = await b.node.logged("drained", {}, CROWD_MS_MAX);
  const { gaps, broken } = b.node.fields(line) as { gaps: [number, number][]; broken: number };
  const times = cuts.map((at) => {
    const around = gaps.filter(([from, to]) => to > at && from < at + FLOW_MS);
    const longest = around.toSorted((x, y) => y[1] - y[0] - (x[1] - x[0]))[0];
    return longest === undefined ? 0 : longest[1] - at;
  });
  report({ name: "dist.resume_ms", value: median(times), unit: "ms" });
  report({ name: "dist.resume_lost", value: broken, unit: "messages" });
}

/** Resident bytes of a process. */
function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1_024;
}

interface Holding {
  /** From the SIGKILL to the last DOWN or EXIT. */
  readonly lastMs: number;
  /** Bytes for each monitor or link, on the side that holds it and on the one that is watched. */
  readonly near: number;
  readonly far: number;
}

type Kind = "monitors" | "links";

async function holds(kind: Kind): Promise<Holding> {
  await using cluster = await BinaryCluster.start();
  const b = await cluster.add("b", { ...looking });
  const a = await cluster.add("a", { ...looking, connect: [b] });
  await noticed(a, "nodeup", b.name);
  await a.tool("spawn", a.hint, "hold", kind, b.name, String(CROWD));
  await a.logged("met", {}, CROWD_MS_MAX);
  const before = [residentBytes(a.program.pid), residentBytes(b.program.pid)] as const;
  await a.logged("holding", {}, CROWD_MS_MAX);
  const after = [residentBytes(a.program.pid), residentBytes(b.program.pid)] as const;
  const at = now();
  b.program.kill("SIGKILL");
  const line = await a.logged("last", {}, CROWD_MS_MAX);
  return {
    lastMs: Number(a.fields(line)!.at) - at,
    near: (after[0] - before[0]) / CROWD,
    far: (after[1] - before[1]) / CROWD,
  };
}

async function holdsOfErlang(erlang: Erlang, kind: Kind, round: number): Promise<Holding> {
  const [near, far] = [`near-${kind}${round}`, `far-${kind}${round}`];
  await using b = await erlang.start("tcp", { name: far, call: ["target"] });
  await using a = await erlang.start("tcp", {
    name: near,
    call: ["holds", kind, `${far}@127.0.0.1`],
  });
  await a.lines.waitFor("met", { timeoutMs: CROWD_MS_MAX });
  const before = [residentBytes(a.pid), residentBytes(b.pid)] as const;
  await a.lines.waitFor("holding", { timeoutMs: CROWD_MS_MAX });
  const after = [residentBytes(a.pid), residentBytes(b.pid)] as const;
  const at = now();
  b.kill("SIGKILL");
  const { text } = await a.lines.waitFor(`"what":"last"`, { timeoutMs: CROWD_MS_MAX });
  return {
    lastMs: (JSON.parse(text) as { at: number }).at - at,
    near: (after[0] - before[0]) / CROWD,
    far: (after[1] - before[1]) / CROWD,
  };
}

/** Rows `dist.monitors_noconnection` and `dist.links_bytes`. */
export async function crowds(report: Report, erlang?: Erlang): Promise<void> {
  for (const kind of ["monitors", "links"] as const) {
    const [ours, theirs]: [Holding[], Holding[]] = [[], []];
    for (let round = 0; round < 3; round++) {
      ours.push(await holds(kind));
      if (erlang !== undefined) theirs.push(await holdsOfErlang(erlang, kind, round));
    }
    const row = (name: string, unit: string, of: (holding: Holding) => number) =>
      report(beside(name, unit, median(ours.map(of)), "OTP over TCP", theirs.map(of)));
    if (kind === "monitors") row("dist.monitors_noconnection", "ms", ({ lastMs }) => lastMs);
    const what = kind === "monitors" ? "monitor" : "link";
    row(`dist.links_bytes (${what}, near side)`, "bytes", ({ near }) => near);
    row(`dist.links_bytes (${what}, far side)`, "bytes", ({ far }) => far);
  }
}

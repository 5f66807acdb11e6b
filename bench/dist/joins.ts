/** How long two nodes take to join, and how many can join and leave one node in a second. */
import { resolve } from "node:path";

import { BinaryNode, randomCookie } from "../../test/e2e/support/binary-node.ts";
import type { Folder } from "../../test/e2e/support/folder.ts";
import { compare, median, type Report } from "../row.ts";
import type { Erlang, ErlangTransport } from "./erlang.ts";
import { MEASURE_MS_MAX, ProgramSide, type Values } from "./side.ts";

export const WATCHERS = resolve(import.meta.dir, "watchers.ts");
const CONNECTS = 15;
/** Nodes that come and go at once: enough to keep both cores busy. */
const VISITORS = 4;
const VISIT_MS = 2_000;

interface Loose {
  readonly folder: Folder;
  readonly cookie: string;
}

function startNode({ folder, cookie }: Loose, name: string): Promise<BinaryNode> {
  return BinaryNode.start({
    name: `${name}@127.0.0.1`,
    cookie,
    folder: folder.path,
    schedulers: 1,
    modules: [WATCHERS],
    args: ["--cluster-mesh", "false"],
  });
}

/** Runs a process of watchers.ts that says what it measured. */
async function measured(
  node: BinaryNode,
  name: string,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const { code, stderr } = await node.tool("spawn", node.hint, name, ...args);
  if (code !== 0) throw new Error(stderr);
  const line = await node.lines.waitFor((_text, one) => node.fields(one)?.text === "measured", {
    timeoutMs: MEASURE_MS_MAX,
  });
  return node.fields(line)!.values as Record<string, unknown>;
}

/** Row `dist.connect_ms`: from the dial to NodeUp. */
export async function connects(report: Report, folder: Folder, erlang?: Erlang): Promise<void> {
  const loose = { folder, cookie: randomCookie() };
  await using b = await startNode(loose, "b");
  await using a = await startNode(loose, "a");
  const { times } = await measured(a, "join", b.hint, String(CONNECTS));
  const ours = median(times as number[]);
  if (erlang === undefined) return report({ name: "dist.connect_ms", value: ours, unit: "ms" });
  for (const transport of ["tcp", "tls"] as const) {
    await using side = await erlang.side(transport);
    const theirs = (await side.measure("connect_ms"))!.connect_ms!;
    report(compare("dist.connect_ms", "ms", ours, side.label, theirs, "lower"));
  }
}

async function visits(loose: Loose): Promise<number> {
  await using target = await startNode(loose, "target");
  await using stack = new AsyncDisposableStack();
  const visitors: BinaryNode[] = [];
  for (let n = 0; n < VISITORS; n++) visitors.push(stack.use(await startNode(loose, `v${n}`)));
  const counts = await Promise.all(
    visitors.map((node) => measured(node, "visit", target.hint, String(VISIT_MS))),
  );
  return counts.reduce((sum, { joins }) => sum + Number(joins), 0) / (VISIT_MS / 1_000);
}

async function visitsOfErlang(erlang: Erlang, transport: ErlangTransport): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const name = `target-${transport}`;
  stack.use(await erlang.start(transport, { name, call: ["target"], mesh: false }));
  const sides: ProgramSide[] = [];
  for (let n = 0; n < VISITORS; n++) {
    const call = ["client", `${name}@127.0.0.1`];
    const driver = await erlang.start(transport, { name: `v${n}-${transport}`, call, mesh: false });
    sides.push(stack.use(new ProgramSide("OTP", ["joins"], { driver, others: [] })));
  }
  const counts = (await Promise.all(sides.map((side) => side.measure("joins")))) as Values[];
  return counts.reduce((sum, { joins }) => sum + joins!, 0);
}

/** Row `dist.handshakes`: joins a second of some nodes that come and go. */
export async function handshakes(report: Report, folder: Folder, erlang?: Erlang): Promise<void> {
  const ours = await visits({ folder, cookie: randomCookie() });
  if (erlang === undefined) return report({ name: "dist.handshakes", value: ours, unit: "/s" });
  for (const transport of ["tcp", "tls"] as const) {
    const theirs = await visitsOfErlang(erlang, transport);
    const label = `OTP over ${transport.toUpperCase()}`;
    report(compare("dist.handshakes", "/s", ours, label, theirs, "higher"));
  }
}

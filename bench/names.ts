/**
 * Global names on loopback, each node a program of its own with one scheduler: snow-node over TLS against Erlang's `global`
 * over plain TCP. The same programs: bench/names/*.ts, bench/peers/otp/names.erl. Groups have a suite of their own.
 */
import { resolve } from "node:path";

import { compare, type Report, type Wanted } from "./row.ts";
import { runErlang, runSnow } from "./support/clusters.ts";

/** Milliseconds that one part may take on either side: four times what the slowest does. */
const PART_MS_MAX = 60_000;

interface Part {
  /** The module in bench/names, and the argument of `names:main`. */
  readonly name: "pair" | "heal" | "crowd" | "join";
  readonly nodes: number;
  readonly rows: readonly {
    readonly name: string;
    readonly unit: string;
    readonly better: "higher" | "lower";
    /** Measured here only. */
    readonly alone?: true;
  }[];
}

const PARTS: readonly Part[] = [
  {
    name: "pair",
    nodes: 2,
    rows: [
      { name: "names.register", unit: "/s", better: "higher" },
      { name: "names.whereis", unit: "/s", better: "higher" },
      { name: "names.bytes", unit: "bytes", better: "lower", alone: true },
    ],
  },
  {
    name: "crowd",
    nodes: 5,
    rows: [{ name: "names.register_concurrent", unit: "/s", better: "higher" }],
  },
  { name: "heal", nodes: 2, rows: [{ name: "names.heal_ms", unit: "ms", better: "lower" }] },
  {
    name: "join",
    nodes: 5,
    rows: [{ name: "names.join_ms", unit: "ms", better: "lower", alone: true }],
  },
];

/** A node that was parted from another is not to meet it again before it is told to. */
const NO_AUTO_CONNECT = ["dist_auto_connect", "never"];

export async function run(report: Report, wanted: Wanted): Promise<void> {
  for (const { name: part, nodes, rows } of PARTS) {
    const asked = rows.filter((row) => wanted(row.name));
    if (asked.length === 0) continue;
    const module = resolve(import.meta.dir, `names/${part}.ts`);
    const flags = part === "heal" ? NO_AUTO_CONNECT : [];
    const isAlone = asked.every((row) => row.alone);
    const late = part === "join" ? "late" : undefined;
    /* oxlint-disable no-await-in-loop -- one cluster at a time */
    const otp = isAlone
      ? undefined
      : await runErlang(nodes, "names", { part, flags, msMax: PART_MS_MAX });
    const snow = await runSnow(nodes, module, { late, msMax: PART_MS_MAX });
    /* oxlint-enable no-await-in-loop */
    const overdue = `no result within ${PART_MS_MAX / 1000} s`;
    for (const { alone, better, name, unit } of asked) {
      const ours = snow.get(name);
      const theirs = otp?.get(name);
      if (ours === undefined) report({ name, value: NaN, unit, note: `snow-node: ${overdue}` });
      else if (theirs !== undefined)
        report(compare(name, unit, ours, "OTP over TCP", theirs, better));
      else if (otp === undefined || alone) report({ name, value: ours, unit });
      else report({ name, value: ours, unit, note: `OTP: ${overdue}` });
    }
  }
}

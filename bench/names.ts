/**
 * Global names on loopback, each node a program of its own with one scheduler: snow-node over TLS against Erlang's `global`
 * over plain TCP. The same programs: bench/names/*.ts, bench/peers/otp/names.erl. Groups have a suite of their own.
 */
import { resolve } from "node:path";

import { compare, type Report, type Wanted } from "./row.ts";
import { runErlang, runSnow } from "./support/clusters.ts";

/** Rows that are not compared say only what it costs here. */
const ROWS = [
  { name: "names.register", nodes: 2, unit: "/s", better: "higher" },
  { name: "names.whereis", nodes: 2, unit: "/s", better: "higher" },
  { name: "names.bytes", nodes: 2, unit: "bytes", better: "lower" },
  { name: "names.heal_ms", nodes: 2, unit: "ms", better: "lower" },
  { name: "names.register_concurrent", nodes: 5, unit: "/s", better: "higher" },
  { name: "names.join_ms", nodes: 5, unit: "ms", better: "lower" },
] as const;

export async function run(report: Report, wanted: Wanted): Promise<void> {
  for (const nodes of [2, 5] as const) {
    const rows = ROWS.filter((row) => row.nodes === nodes && wanted(row.name));
    if (rows.length === 0) continue;
    const module = resolve(import.meta.dir, nodes === 2 ? "names/pair.ts" : "names/crowd.ts");
    /* oxlint-disable no-await-in-loop -- one cluster at a time */
    const otp = await runErlang(nodes, "names");
    const snow = await runSnow(nodes, module, nodes === 5 ? "late" : undefined);
    /* oxlint-enable no-await-in-loop */
    for (const { better, name, unit } of rows) {
      const ours = snow.get(name);
      const theirs = otp?.get(name);
      if (ours === undefined) continue;
      if (theirs === undefined) report({ name, value: ours, unit });
      else report(compare(name, unit, ours, "OTP over TCP", theirs, better));
    }
  }
}

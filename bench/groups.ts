/**
 * Groups over five nodes on loopback, each a program of its own with one scheduler: snow-node over TLS against Erlang's pg over
 * plain TCP. The same programs: bench/groups/actors.ts, bench/peers/otp/groups.erl.
 */
import { resolve } from "node:path";

import { compare, type Report } from "./row.ts";
import { runErlang, runSnow } from "./support/clusters.ts";

const NODES = 5;
const ACTORS = resolve(import.meta.dir, "groups/actors.ts");

export async function run(report: Report): Promise<void> {
  const otp = await runErlang(NODES, "groups");
  const snow = await runSnow(NODES, ACTORS, { late: "late" });
  for (const name of ["groups.join_leave", "groups.publish"]) {
    const ours = snow.get(name)!;
    const theirs = otp?.get(name);
    if (theirs === undefined) report({ name, value: ours, unit: "/s" });
    else report(compare(name, "/s", ours, "OTP over TCP", theirs, "higher"));
  }
  // A node that joins when there are 100,000 members, from its start until it sees them all.
  report({ name: "groups.join_ms", value: snow.get("groups.join_ms")!, unit: "ms" });
  report({ name: "groups.bytes", value: snow.get("groups.bytes")!, unit: "bytes" });
}

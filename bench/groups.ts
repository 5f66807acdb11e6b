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
  const snow = await runSnow(NODES, ACTORS);
  for (const name of ["groups.join_leave", "groups.publish"]) {
    const ours = snow.get(name)!;
    const theirs = otp?.get(name);
    if (theirs === undefined) report({ name, value: ours, unit: "/s" });
    else report(compare(name, "/s", ours, "OTP over TCP", theirs, "higher"));
  }
  report({ name: "groups.bytes", value: snow.get("groups.bytes")!, unit: "bytes" });
}

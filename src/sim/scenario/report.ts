/** What a failed simulation says: which seed, of what, how to see it again, and the least that it takes. */
import type { ScheduledFault } from "../faults.ts";
import type { RunOutcome } from "./scenario-run.ts";
import { faultText } from "../trace.ts";

export interface FailureReport {
  readonly outcome: RunOutcome;
  readonly version: string;
  /** The test's file as a user would write it on the command line; undefined: nobody knows. */
  readonly file: string | undefined;
  /** What is left of the faults; undefined: nobody looked. */
  readonly shrunk:
    | { readonly faults: readonly ScheduledFault[]; readonly runs: number; readonly hash: string }
    | undefined;
}

/** Faults that are listed; more are not a scenario that anybody reads. */
const FAULTS_SHOWN_MAX = 40;

/** Several lines; the first one says it all in short. */
export function failureText({ outcome, version, file, shrunk }: FailureReport): string {
  const { seed, hash, virtualMs, failure, faults } = outcome;
  const at = `seed ${seed}, hash ${hash}, snow-node ${version}, after ${virtualMs.toFixed(1)} ms`;
  const kept = shrunk?.faults ?? faults;
  const enough =
    shrunk === undefined || kept.length === faults.length
      ? `${faults.length} faults happened`
      : `${kept.length} of ${faults.length} faults are enough, found in ${shrunk.runs} runs`;
  return [
    `${failure?.what ?? "failed"} (${at})`,
    `  replay: snow-node sim ${file ?? "FILE"} --seed ${seed}`,
    `  ${enough}${kept.length === 0 ? "" : ":"}`,
    ...kept.slice(0, FAULTS_SHOWN_MAX).map(faultLine),
    ...(kept.length > FAULTS_SHOWN_MAX
      ? [
          `    … and ${kept.length - FAULTS_SHOWN_MAX} more: there was no time to find out which of them it takes`,
        ]
      : [
          "  as a scenario of its own:",
          ...scenarioText(failure?.what ?? "failed", seed, kept).map((line) => `    ${line}`),
        ]),
  ].join("\n");
}

function faultLine({ atMs, fault }: ScheduledFault): string {
  return `    ${atMs.toFixed(3).padStart(10)} ms  ${faultText(fault)}`;
}

/** A test to paste: the same scenario with these faults and no others. */
function scenarioText(what: string, seed: number, faults: readonly ScheduledFault[]): string[] {
  return [
    `test(${JSON.stringify(scenarioName(what, faults))}, async () => {`,
    "  await simulate({",
    "    ...options, // nodes, modules and all else as before",
    `    seeds: [${seed}],`,
    "    schedule: [",
    ...faults.map((fault) => `      ${sourceText(fault)},`),
    "    ],",
    "  }, scenario);",
    "});",
  ];
}

/** `crash of b, then a partition: always "money is kept" does not hold`. */
export function scenarioName(what: string, faults: readonly ScheduledFault[]): string {
  const kinds = faults.map(({ fault }) => {
    const node = "node" in fault ? ` of ${fault.node}` : "";
    return `${fault.kind.replaceAll("_", " ")}${node}`;
  });
  const shape = kinds.length === 0 ? "no faults" : kinds.slice(0, 4).join(", then ");
  return `${shape}: ${what.split("\n")[0]!.slice(0, 80)}`;
}

/** A value as source: keys without quotes where they need none. */
export function sourceText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sourceText).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([key, item]) => `${key}: ${sourceText(item)}`);
    return `{ ${fields.join(", ")} }`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** `simulate`: runs a scenario once for each seed, and makes a failure as small and as easy to see again as it can. */
import { ConfigError, SimulationError } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import { callingFile } from "../../bun/calling-file.ts";
import { clock } from "../../bun/clock.ts";
import { files } from "../../bun/files.ts";
import { environment, workingDirectory } from "../../bun/host.ts";
import { terminal } from "../../bun/terminal.ts";
import { SIM_VARIABLE, type SimOrders } from "../../node/sim-orders.ts";
import { type FailureReport, failureText } from "./report.ts";
import type { Simulated, SimulateOptions, ScenarioWorld } from "./scenario.ts";
import { type RunOptions, type RunOutcome, runScenario } from "./scenario-run.ts";
import { shrink } from "./shrink.ts";
import { Trace } from "../trace.ts";

const SEEDS = 20;
const SHRINK_MS = 2_000;

/** The one world that runs on this thread; others wait. */
let running: Promise<unknown> = Promise.resolve();

/** @throws {SimulationError} bad_scenario */
export function simulateIn<N extends string>(
  version: string,
  options: SimulateOptions<N>,
  scenario: (world: ScenarioWorld<N>) => Promise<void>,
): Promise<Simulated> {
  const file = callingFile();
  const whole = (): Promise<Simulated> => new Simulation(version, options, scenario, file).run();
  const result = running.then(whole);
  running = result.catch(() => undefined);
  return result;
}

class Simulation<N extends string> {
  /** Of snow-node. */
  readonly #version: string;
  readonly #options: SimulateOptions<N>;
  readonly #scenario: (world: ScenarioWorld<N>) => Promise<void>;
  readonly #file: string | undefined;
  readonly #orders: SimOrders;
  readonly #modulePaths: readonly string[];

  constructor(
    version: string,
    options: SimulateOptions<N>,
    scenario: (world: ScenarioWorld<N>) => Promise<void>,
    file: string | undefined,
  ) {
    check(options);
    this.#version = version;
    this.#options = options;
    this.#scenario = scenario;
    this.#file = file;
    this.#orders = JSON.parse(environment()[SIM_VARIABLE] ?? "{}") as SimOrders;
    this.#modulePaths = options.modules.map((module) => modulePath(module, file));
  }

  async run(): Promise<Simulated> {
    const { seed } = this.#orders;
    if (seed !== undefined) return this.#replay(seed);
    const seeds = this.#seeds();
    const beganMs = clock.now();
    let virtualMs = 0;
    let hash = 0;
    for (const one of seeds) {
      const outcome = await runScenario(this.#runOf(one));
      if (outcome.failure !== undefined) throw await this.#failed(outcome);
      virtualMs += outcome.virtualMs;
      hash = Math.imul(hash ^ Number.parseInt(outcome.hash, 16), 0x0100_0193) >>> 0;
    }
    const result = { seeds: seeds.length, virtualMs, hash: hash.toString(16).padStart(8, "0") };
    if (this.#orders.seeds !== undefined) this.#sayHeld(seeds, result, clock.now() - beganMs);
    return result;
  }

  #seeds(): readonly number[] {
    const { seeds = SEEDS } = this.#options;
    const ordered = this.#orders.seeds;
    if (ordered === undefined && typeof seeds !== "number") return seeds;
    const from = this.#orders.from ?? 1;
    return Array.from({ length: ordered ?? Number(seeds) }, (_none, place) => from + place);
  }

  #runOf(seed: number): RunOptions<N> {
    return {
      seed,
      options: this.#options,
      modulePaths: this.#modulePaths,
      scenario: this.#scenario,
    };
  }

  /** One seed with everything that there is to see. */
  async #replay(seed: number): Promise<Simulated> {
    const say = (line: string): void => terminal.write(`${line}\n`);
    const trace = new Trace({
      nodes: this.#options.nodes,
      messages: this.#orders.trace === "messages",
      write: say,
    });
    const outcome = await runScenario({ ...this.#runOf(seed), trace });
    const { hash, virtualMs, failure } = outcome;
    if (failure !== undefined) trace.note(virtualMs, `FAILED: ${failure.what}`);
    say(
      `seed ${seed}, hash ${hash}, snow-node ${this.#version}, ${virtualMs.toFixed(1)} virtual ms`,
    );
    if (failure !== undefined) throw await this.#failed(outcome);
    return { seeds: 1, virtualMs, hash };
  }

  #sayHeld(seeds: readonly number[], { virtualMs, hash }: Simulated, tookMs: Millis): void {
    const range = `${seeds.length} seeds from ${seeds[0]}`;
    const times = `${(virtualMs / 1_000).toFixed(1)} virtual s in ${(tookMs / 1_000).toFixed(1)} s`;
    terminal.write(`${range} held: ${times}, hash ${hash}, snow-node ${this.#version}\n`);
  }

  async #failed(outcome: RunOutcome): Promise<SimulationError> {
    const report: FailureReport = {
      outcome,
      version: this.#version,
      file: this.#file?.replace(`${workingDirectory()}/`, ""),
      shrunk: await this.#shrink(outcome),
    };
    const { failure } = outcome;
    return new SimulationError("seed_failed", failureText(report), { cause: failure?.cause });
  }

  async #shrink(outcome: RunOutcome): Promise<FailureReport["shrunk"]> {
    const budgetMs = this.#orders.shrinkMs ?? this.#options.shrinkMs ?? SHRINK_MS;
    const until = clock.now() + budgetMs;
    let { hash } = outcome;
    const { items, runs } = await shrink(
      outcome.faults,
      async (schedule) => {
        const run = { ...this.#runOf(outcome.seed), schedule, untilRealMs: until };
        const again = await runScenario(run);
        if (again.failure?.kind !== outcome.failure?.kind) return false;
        ({ hash } = again);
        return true;
      },
      () => clock.now() < until,
    );
    return { faults: items, runs, hash };
  }
}

function check<N extends string>({ nodes, seeds }: SimulateOptions<N>): void {
  const wrong =
    nodes.length === 0 || new Set<string>(nodes).size !== nodes.length
      ? `nodes: expected distinct names, got ${nodes.join(", ") || "none"}`
      : nodes.some((name) => !/^[A-Za-z0-9_-]+$/.test(name))
        ? `nodes: expected letters, digits, - and _ in names, got ${nodes.join(", ")}`
        : typeof seeds === "number" && !(Number.isInteger(seeds) && seeds > 0)
          ? `seeds: expected a whole number above 0, got ${seeds}`
          : undefined;
  if (wrong !== undefined) throw new SimulationError("bad_scenario", wrong);
}

/** Beside the file that calls, where it is there, else from the working directory. */
function modulePath(module: string, file: string | undefined): string {
  if (module.startsWith("file://")) return decodeURIComponent(new URL(module).pathname);
  if (module.startsWith("/")) return module;
  const folders = [file?.slice(0, file.lastIndexOf("/")), workingDirectory()];
  const paths = folders.flatMap((folder) =>
    folder === undefined ? [] : [new URL(module, `file://${folder}/`).pathname],
  );
  const found = paths.map(decodeURIComponent).find((path) => files.mode(path) !== undefined);
  if (found !== undefined) return found;
  throw new ConfigError("module_failed", `${module}: no such file, looked for ${paths.join(", ")}`);
}

/**
 * Clusters of several nodes on loopback, each node a program of its own: snow-node over TLS, Erlang/OTP over plain TCP. The
 * last node to start runs the measurements and prints a line of JSON for each: `{"measured": name, "value": number}`,
 * `end` as the last.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { build } from "../../scripts/build.ts";
import { median } from "../row.ts";
import { Lines } from "./lines.ts";

const RUN_MS_MAX = 240_000;
const LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** Medians by name. */
export type Results = ReadonlyMap<string, number>;

/** The medians of what a program printed. */
async function measure(output: Lines): Promise<Results> {
  const values = new Map<string, number[]>();
  for (let line = await output.next(); line !== undefined; line = await output.next()) {
    if (!line.startsWith('{"measured"')) continue;
    const { measured, value } = JSON.parse(line) as { measured: string; value: number };
    if (measured === "end") break;
    values.set(measured, [...(values.get(measured) ?? []), value]);
  }
  return new Map([...values].map(([name, all]) => [name, median(all)]));
}

/** A folder that is removed with all in it. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "snow-bench-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What was started, to be ended. */
class Programs implements AsyncDisposable {
  readonly #running: Bun.Subprocess[] = [];

  add<T extends Bun.Subprocess>(program: T): T {
    this.#running.push(program);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#running) program.kill("SIGKILL");
    await Promise.all(this.#running.map((program) => program.exited));
  }
}

interface SnowOptions {
  /** The function that one more node starts, which comes when `main` has ended. */
  readonly late?: string | undefined;
  /** Milliseconds that each program may live: what it has printed by then is the result. */
  readonly msMax?: number;
}

/**
 * Nodes of the executable with one scheduler each; the last one starts the function `main` of the module. In their environment:
 * the first one's name with its port, and when the program was started.
 */
export async function runSnow(
  nodes: number,
  module: string,
  { late, msMax = RUN_MS_MAX }: SnowOptions = {},
): Promise<Results> {
  const binary = await build({ force: false });
  using folder = new Folder();
  await using programs = new Programs();
  let seed: string | undefined;
  const start = (letter: string, more: readonly string[]) =>
    programs.add(
      Bun.spawn(
        [
          ...[binary, "--name", `${letter}@127.0.0.1:0`, "--schedulers", "1"],
          ...["--listen-registry-port", "0", "--module", module, ...more],
        ],
        {
          cwd: folder.path,
          env: {
            ...process.env,
            SNOW_COOKIE: "the cookie of this benchmark",
            HOME: folder.path,
            BENCH_SEED: seed ?? "",
            BENCH_STARTED_AT: String(Date.now()),
          },
          stdio: ["ignore", "pipe", "ignore"],
          timeout: msMax,
        },
      ),
    );
  for (const letter of LETTERS.slice(1, nodes)) {
    const connect = seed === undefined ? [] : ["--connect", seed];
    const lines = new Lines(start(letter, connect).stdout);
    // oxlint-disable-next-line no-await-in-loop -- each knows the first
    const [, port] = await lines.match(/is up at 127\.0\.0\.1:(\d+)/);
    seed ??= `${letter}@127.0.0.1:${port}`;
  }
  const joining = ["--connect", seed!, "--start"];
  const results = await measure(new Lines(start("a", [...joining, "main"]).stdout));
  if (late === undefined) return results;
  const more = await measure(new Lines(start(LETTERS[nodes]!, [...joining, late]).stdout));
  return new Map([...results, ...more]);
}

interface ErlangOptions {
  /** The first argument of `main`, before the names. */
  readonly part?: string;
  /** More of `erl`'s flags. */
  readonly flags?: readonly string[];
  /** Milliseconds that each program may live: what it has printed by then is the result. */
  readonly msMax?: number;
}

/**
 * Nodes of Erlang with one scheduler each; the last one calls `main` of bench/peers/otp/<module>.erl with the names of the
 * others. Undefined without Erlang.
 */
export async function runErlang(
  nodes: number,
  module: string,
  { flags = [], msMax = RUN_MS_MAX, part }: ErlangOptions = {},
): Promise<Results | undefined> {
  if (Bun.which("erl") === null || Bun.which("erlc") === null) return undefined;
  using folder = new Folder();
  const source = resolve(import.meta.dir, "../peers/otp", `${module}.erl`);
  const compiled = Bun.spawnSync(["erlc", "-o", folder.path, source]);
  if (!compiled.success) throw new Error(`erlc: ${compiled.stdout.toString()}`);
  const env = {
    ...process.env,
    ERL_EPMD_PORT: String(freePort()),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    HOME: folder.path,
  };
  await using programs = new Programs();
  const start = (letter: string, call: readonly string[]) =>
    programs.add(
      Bun.spawn(
        [
          ...["erl", "-noinput", "+S", "1", "+P", "4000000"],
          ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}", ...flags],
          ...["-name", `${letter}@127.0.0.1`, "-setcookie", "bench", "-pa", folder.path, ...call],
        ],
        { cwd: folder.path, env, stdio: ["ignore", "pipe", "ignore"], timeout: msMax },
      ),
    );
  try {
    // Nodes that start together would each start one, and some would find none.
    Bun.spawnSync(["epmd", "-daemon"], { env, stdio: ["ignore", "ignore", "ignore"] });
    const others = LETTERS.slice(1, nodes);
    for (const letter of others) start(letter, []);
    const names = others.map((letter) => `${letter}@127.0.0.1`);
    const call = [module, "main", ...(part === undefined ? [] : [part]), ...names];
    return await measure(new Lines(start("a", ["-run", ...call]).stdout));
  } finally {
    Bun.spawnSync(["epmd", "-kill"], { env });
  }
}

/** A port that was free a moment ago: epmd takes no 0. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/**
 * Two nodes on loopback, each a process of its own: snow-node over TLS and with TLS off, and Erlang/OTP over plain TCP
 * and over TLS 1.3 where it is installed. Every pair runs the same program (bench/dist/actors.ts,
 * bench/peers/otp/dist.erl) in turn, in one run; the median of the rounds counts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { build } from "../scripts/build.ts";
import { createSelfSigned } from "../src/bun/certificate.ts";
import { compare, median, type Report } from "./row.ts";

const ACTORS = resolve(import.meta.dir, "dist/actors.ts");
const ERLANG = resolve(import.meta.dir, "peers/otp/dist.erl");
const RUN_MS_MAX = 240_000;

type Results = ReadonlyMap<string, number>;

/** Which peer a row is measured against, and how: rates are better when higher, times when lower. */
const ROWS: readonly {
  readonly name: string;
  readonly unit: string;
  readonly against: "tcp" | "tls";
}[] = [
  { name: "flood.small", unit: "/s", against: "tcp" },
  { name: "flood.record", unit: "/s", against: "tcp" },
  { name: "flood.b1k", unit: "/s", against: "tcp" },
  { name: "flood.b64k", unit: "/s", against: "tls" },
  { name: "flood.b64k", unit: "/s", against: "tcp" },
  { name: "flood.16x16", unit: "/s", against: "tcp" },
  { name: "rtt.p50_us", unit: "us", against: "tls" },
  { name: "rtt.p99_us", unit: "us", against: "tls" },
  { name: "pingpong.100pairs", unit: "/s", against: "tcp" },
  { name: "spawn_reply", unit: "/s", against: "tcp" },
  { name: "spawn_reply", unit: "/s", against: "tls" },
  { name: "spawn_concurrent", unit: "/s", against: "tcp" },
  { name: "rpc", unit: "/s", against: "tcp" },
  { name: "rpc_concurrent", unit: "/s", against: "tcp" },
];

export async function run(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "snow-dist-"));
  try {
    const snow = await runSnow(folder, "auto");
    const plain = await runSnow(folder, "off");
    const otp = Bun.which("erl") === null ? undefined : await runErlang(folder);
    for (const { name, unit, against } of ROWS) {
      const ours = snow.get(name)!;
      const theirs = otp?.[against].get(name);
      const label = against === "tcp" ? "OTP over TCP" : "OTP over TLS";
      if (theirs === undefined) report({ name: `dist.${name}`, value: ours, unit });
      else
        report(
          compare(`dist.${name}`, unit, ours, label, theirs, unit === "/s" ? "higher" : "lower"),
        );
    }
    for (const name of new Set(ROWS.map((row) => row.name))) {
      const unit = ROWS.find((row) => row.name === name)!.unit;
      report({ name: `dist.${name} (tls off)`, value: plain.get(name)!, unit });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The medians of what a program printed, a line of JSON for each measurement. */
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

/** The lines of a stream, one at a time; the stream stays open between them. */
class Lines {
  readonly #reader: {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  };
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** undefined: the stream has ended. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }
}

async function runSnow(folder: string, tls: "auto" | "off"): Promise<Results> {
  const binary = await build({ force: false });
  const options = ["--listen-registry-port", "0", "--schedulers", "1", "--tls-mode", tls];
  const start = (args: readonly string[]) =>
    Bun.spawn([binary, ...args, ...options, "--module", ACTORS], {
      cwd: folder,
      env: { ...process.env, SNOW_COOKIE: "the cookie of this benchmark", HOME: folder },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: RUN_MS_MAX,
    });
  await using b = start(["--name", "b@127.0.0.1:0"]);
  const output = new Lines(b.stdout);
  let port: string | undefined;
  while (port === undefined) {
    const line = await output.next();
    if (line === undefined) throw new Error("the node did not start");
    port = /is up at 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
  }
  await using a = start([
    "--name",
    "a@127.0.0.1:0",
    "--connect",
    `b@127.0.0.1:${port}`,
    "--start",
    "main",
  ]);
  return await measure(new Lines(a.stdout));
}

async function runErlang(
  folder: string,
): Promise<{ readonly tcp: Results; readonly tls: Results }> {
  const compiled = Bun.spawnSync(["erlc", "-o", folder, ERLANG]);
  if (!compiled.success) throw new Error(`erlc: ${compiled.stdout.toString()}`);
  const { key, cert } = await createSelfSigned({ name: "bench", days: 1 });
  const [keyFile, certFile, options] = ["key.pem", "cert.pem", "ssl.conf"].map((name) =>
    join(folder, name),
  );
  writeFileSync(keyFile!, key);
  writeFileSync(certFile!, cert);
  const versions = "{versions, ['tlsv1.3']}";
  writeFileSync(
    options!,
    `[{server, [{certfile, "${certFile}"}, {keyfile, "${keyFile}"}, ${versions}]}, {client, [{verify, verify_none}, ${versions}]}].`,
  );
  return {
    tcp: await runErlangPair(folder, []),
    tls: await runErlangPair(folder, ["-proto_dist", "inet_tls", "-ssl_dist_optfile", options!]),
  };
}

/** A port that was free a moment ago: epmd takes no 0. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function runErlangPair(folder: string, flags: readonly string[]): Promise<Results> {
  const env = {
    ...process.env,
    ERL_EPMD_PORT: String(freePort()),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    HOME: folder,
  };
  const start = (name: string, call: readonly string[]) =>
    Bun.spawn(
      [
        "erl",
        "-noinput",
        "+S",
        "1",
        "-kernel",
        "inet_dist_use_interface",
        "{127,0,0,1}",
        "-name",
        `${name}@127.0.0.1`,
        "-setcookie",
        "bench",
        "-pa",
        folder,
        ...flags,
        ...call,
      ],
      { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"], timeout: RUN_MS_MAX },
    );
  try {
    await using b = start("b", []);
    await using a = start("a", ["-run", "dist", "main", "b@127.0.0.1"]);
    const results = await measure(new Lines(a.stdout));
    b.kill();
    return results;
  } finally {
    Bun.spawnSync(["epmd", "-kill"], { env });
  }
}

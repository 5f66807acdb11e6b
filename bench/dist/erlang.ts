/** Two nodes of Erlang/OTP, over plain TCP or over TLS 1.3, with an epmd of their own. */
import { join, resolve } from "node:path";
import { writeFileSync } from "node:fs";

import { createSelfSigned } from "../../src/bun/tls/certificate.ts";
import type { Folder } from "../../test/e2e/support/folder.ts";
import { freePort } from "../../test/e2e/support/free-port.ts";
import { Program } from "../../test/e2e/support/program.ts";
import { ProgramSide } from "./side.ts";

const SOURCE = resolve(import.meta.dir, "../peers/otp/dist.erl");
export const ERLANG_MEASUREMENTS = [
  ...["flood.small", "flood.record", "flood.b1k", "flood.b64k", "flood.16x16"],
  ...["rtt", "rtt_loaded.p99_us", "small_behind_large_ms", "pingpong.100pairs", "connect_ms"],
  ...["spawn_reply", "spawn_concurrent", "spawn_monitor_down", "rpc", "rpc_concurrent"],
];

export type ErlangTransport = "tcp" | "tls";

/** Erlang as it is installed here, with the benchmark compiled. */
export class Erlang implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #tlsOptions: string;
  readonly #epmd: Program;
  readonly #epmdPort: number;

  private constructor(
    folder: Folder,
    tlsOptions: string,
    epmd: { readonly program: Program; readonly port: number },
  ) {
    this.#folder = folder;
    this.#tlsOptions = tlsOptions;
    this.#epmd = epmd.program;
    this.#epmdPort = epmd.port;
  }

  /** Undefined, and a line that says so, where there is no Erlang. */
  static async open(folder: Folder): Promise<Erlang | undefined> {
    const missing = ["erl", "erlc", "epmd"].filter((name) => Bun.which(name) === null);
    if (missing.length > 0) {
      console.error(`dist: not compared with OTP: no ${missing.join(", ")} here`);
      return undefined;
    }
    const compiled = Bun.spawnSync(["erlc", "-o", folder.path, SOURCE]);
    if (!compiled.success) throw new Error(`erlc: ${compiled.stdout.toString()}`);
    const { key, cert } = await createSelfSigned({ name: "bench", days: 1 });
    const [keyFile, certFile] = [folder.write("key.pem", key), folder.write("cert.pem", cert)];
    const versions = "{versions, ['tlsv1.3']}";
    const tlsOptions = join(folder.path, "ssl.conf");
    writeFileSync(
      tlsOptions,
      `[{server, [{certfile, "${certFile}"}, {keyfile, "${keyFile}"}, ${versions}]}, ` +
        `{client, [{verify, verify_none}, ${versions}]}].`,
    );
    const port = await freePort(["127.0.0.1"]);
    const program = new Program(["epmd", "-port", String(port)], {
      cwd: folder.path,
      home: folder.path,
      env: { ERL_EPMD_ADDRESS: "127.0.0.1" },
    });
    return new Erlang(folder, tlsOptions, { program, port });
  }

  /** Starts a node that calls a function of the benchmark, and waits until it is ready. */
  async start(
    transport: ErlangTransport,
    node: { readonly name: string; readonly call: readonly string[]; readonly mesh?: boolean },
  ): Promise<Program> {
    const tls = ["-proto_dist", "inet_tls", "-ssl_dist_optfile", this.#tlsOptions];
    const program = new Program(
      [
        ...["erl", "-noshell", "+S", "1", "+P", "1000000"],
        ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
        ...(node.mesh === false ? ["-connect_all", "false"] : []),
        ...["-name", `${node.name}@127.0.0.1`, "-setcookie", "bench", "-pa", this.#folder.path],
        ...(transport === "tls" ? tls : []),
        ...["-run", "dist", ...node.call],
      ],
      {
        cwd: this.#folder.path,
        home: this.#folder.path,
        env: { ERL_EPMD_PORT: String(this.#epmdPort), ERL_EPMD_ADDRESS: "127.0.0.1" },
      },
    );
    await program.lines.waitFor("ready");
    return program;
  }

  /** A pair that answers measurements. */
  async side(transport: ErlangTransport): Promise<ProgramSide> {
    const peer = `${transport}-b`;
    const b = await this.start(transport, { name: peer, call: ["target"] });
    const a = await this.start(transport, {
      name: `${transport}-a`,
      call: ["main", `${peer}@127.0.0.1`],
    });
    const label = `OTP over ${transport.toUpperCase()}`;
    return new ProgramSide(label, ERLANG_MEASUREMENTS, { driver: a, others: [b] });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#epmd[Symbol.asyncDispose]();
  }
}

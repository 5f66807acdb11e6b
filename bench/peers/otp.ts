/** Runs an Erlang module of bench/peers/otp, compiled into a folder of its own; nothing when Erlang is not installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An Erlang module whose `main([Name, Size, Rounds])` prints one number per round. */
export class OtpPeer implements Disposable {
  readonly #folder: string;
  readonly #module: string;
  readonly #erl: string;

  private constructor(folder: string, module: string, erl: string) {
    this.#folder = folder;
    this.#module = module;
    this.#erl = erl;
  }

  /** Compiles the module; undefined without Erlang. */
  static open(module: string): OtpPeer | undefined {
    const [erl, erlc] = [Bun.which("erl"), Bun.which("erlc")];
    if (erl === null || erlc === null) return undefined;
    const folder = mkdtempSync(join(tmpdir(), "snow-otp-"));
    const source = join(import.meta.dir, "otp", `${module}.erl`);
    const { success, stdout } = Bun.spawnSync([erlc, "-o", folder, source]);
    if (!success) throw new Error(`erlc: ${stdout.toString()}`);
    return new OtpPeer(folder, module, erl);
  }

  /** On one scheduler, as what it is compared with. */
  run(name: string, size: number, rounds: number): number[] {
    const flags = ["-noshell", "+S", "1", "+P", "4000000", "-pa", this.#folder];
    const call = ["-run", this.#module, "main", name, String(size), String(rounds)];
    const { stdout, success } = Bun.spawnSync([this.#erl, ...flags, ...call]);
    if (!success) throw new Error(`erl ${name}: ${stdout.toString().slice(0, 500)}`);
    return stdout.toString().trim().split(" ").map(Number);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

import type { Log } from "./api.ts";
import type { Process } from "./process.ts";

/** `ctx.log`: every line says which process it is from. */
export class ProcessLog implements Log {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  debug(text: string, fields?: object): void {
    this.#process.host.reports.log(this.#process, "debug", text, fields);
  }

  info(text: string, fields?: object): void {
    this.#process.host.reports.log(this.#process, "info", text, fields);
  }

  warn(text: string, fields?: object): void {
    this.#process.host.reports.log(this.#process, "warn", text, fields);
  }

  error(text: string, fields?: object): void {
    this.#process.host.reports.log(this.#process, "error", text, fields);
  }
}

import type { Millis } from "../base/millis.ts";
import type { AnnouncedAddress } from "../wire/handshake-message.ts";
import type { SessionOutput } from "./session-io.ts";

/** The one dial of the control connection that may be out to a peer: for a new session, or to repair the one there is. */
export class ControlDial {
  readonly #emit: (output: SessionOutput) => void;
  #since: Millis | undefined;

  constructor(emit: (output: SessionOutput) => void) {
    this.#emit = emit;
  }

  /** It is out, or its handshake runs, since then; undefined: neither. */
  get since(): Millis | undefined {
    return this.#since;
  }

  start(address: AnnouncedAddress, now: Millis): void {
    this.#since = now;
    this.#emit({ kind: "dial_control", address });
  }

  /** It came to its end by itself, good or bad. */
  ended(): void {
    this.#since = undefined;
  }

  /** It is not wanted any more; nothing happens when none is out. */
  cancel(): void {
    if (this.#since !== undefined) this.#emit({ kind: "cancel_dial" });
    this.#since = undefined;
  }
}

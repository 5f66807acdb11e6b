import { Deadline } from "../base/deadlines.ts";
import type { Millis } from "../base/millis.ts";
import type { Wait } from "./api.ts";
import { type Mailbox, messageType } from "./mailbox.ts";
import { timeoutOf } from "./pending.ts";
import type { Process } from "./process.ts";
import { isSystemMessage } from "./system-message.ts";

/** Whether a receive takes a message. */
export type Match = (message: unknown) => boolean;

/** A pending receive that does not take just any message for ever: which ones, until when. */
export class ReceiveWait extends Deadline {
  readonly process: Process;
  readonly type: string | undefined;
  readonly match: Match | undefined;
  readonly options: Wait | undefined;
  /** Undefined: for ever. */
  readonly timeoutMs: Millis | undefined;
  /** A message that was taken when the slice was used up: waits for the turn. */
  held: unknown = undefined;
  /** The process was paused when it looked: what was passed over then may fit now. */
  lookAgain = false;
  #aborted: (() => void) | undefined = undefined;

  /** @throws {MisuseError} bad_argument: the time-out is none */
  constructor(
    process: Process,
    type: string | undefined,
    match: Match | undefined,
    options: Wait | undefined,
  ) {
    super();
    this.process = process;
    this.type = type;
    this.match = match;
    this.options = options;
    this.timeoutMs = options?.timeoutMs === undefined ? undefined : timeoutOf(options.timeoutMs);
  }

  /** Starts the clock and listens to the abort signal. */
  begin(): void {
    const { process, timeoutMs } = this;
    if (timeoutMs !== undefined) process.host.setDeadline(this, timeoutMs);
    const signal = this.options?.signal;
    if (signal === undefined) return;
    if (signal.aborted) {
      process.wakeError(signal.reason);
      return;
    }
    this.#aborted = () => process.wakeError(signal.reason);
    signal.addEventListener("abort", this.#aborted, { once: true });
  }

  /** It is over, whichever way. */
  end(): void {
    if (this.index >= 0) this.process.host.clearDeadline(this);
    if (this.#aborted === undefined) return;
    this.options?.signal?.removeEventListener("abort", this.#aborted);
    this.#aborted = undefined;
  }

  override expired(): void {
    const { process } = this;
    // A message that came in time is taken, even if the process had no turn since.
    const message = process.mailbox === undefined ? undefined : this.#takenInTime(process.mailbox);
    if (process.wait === this) process.wake(this.held ?? message);
  }

  /** Whether a message that has just come is worth a turn. */
  mayTake(message: unknown): boolean {
    if (this.process.paused && !isSystemMessage(message)) return false;
    return this.type === undefined || messageType(message) === this.type;
  }

  /** The oldest message that fits, of all. */
  takeFrom(mailbox: Mailbox): unknown {
    if (this.process.paused) return mailbox.takeMatch((message) => this.#takesPaused(message));
    if (this.type !== undefined) return mailbox.takeType(this.type);
    return this.match === undefined ? mailbox.take() : mailbox.takeMatch(this.match);
  }

  /** The oldest one that fits, of those that came since the last look. */
  takeNewFrom(mailbox: Mailbox): unknown {
    if (this.lookAgain || this.process.paused || this.match === undefined) {
      this.lookAgain = false;
      return this.takeFrom(mailbox);
    }
    return mailbox.takeMatchNew(this.match);
  }

  #takesPaused(message: unknown): boolean {
    if (!isSystemMessage(message)) return false;
    if (this.type !== undefined) return message.type === this.type;
    return this.match === undefined || this.match(message);
  }

  #takenInTime(mailbox: Mailbox): unknown {
    if (this.held !== undefined) return undefined;
    try {
      return this.takeNewFrom(mailbox);
    } catch (error) {
      this.process.wakeError(error);
      return undefined;
    }
  }
}

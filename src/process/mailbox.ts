import { EncodeError, MisuseError } from "../base/error.ts";
import { Queue } from "../base/queue.ts";
import { shown } from "../base/shown.ts";

/** From here on a limit is none: it travels in 48 bits. */
const MAILBOX_MAX_END = 2 ** 48;

/** A message that a selective receive passed over. A member of two lists: all in order, and those of its type. */
class Saved {
  readonly message: unknown;
  readonly sameType: SavedList | undefined;
  before: Saved | undefined;
  after: Saved | undefined;
  sameBefore: Saved | undefined;
  sameAfter: Saved | undefined;

  constructor(message: unknown, sameType: SavedList | undefined) {
    this.message = message;
    this.sameType = sameType;
  }
}

class SavedList {
  first: Saved | undefined;
  last: Saved | undefined;
}

/** `undefined` alone is no message: it means "none" all over. @throws {EncodeError} not_encodable */
export function assertMessage(message: unknown): void {
  if (message === undefined) {
    throw new EncodeError("not_encodable", "message", "undefined cannot be sent on its own");
  }
}

/**
 * The messages that may wait, as `mailboxMax` was given; undefined: any number, as with Infinity.
 * @throws {MisuseError} bad_argument
 */
export function mailboxMaxOf(given: number | undefined): number | undefined {
  if (given === undefined || (typeof given === "number" && given >= MAILBOX_MAX_END)) {
    return undefined;
  }
  if (Number.isInteger(given) && given >= 0) return given;
  const text = `mailboxMax is a number of messages from 0, got ${shown(given)}`;
  throw new MisuseError("bad_argument", text);
}

/** The literal `type` of a message, by which `receive("type")` finds it. */
export function messageType(message: unknown): string | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const type = (message as { type?: unknown }).type;
  return typeof type === "string" ? type : undefined;
}

/** Characters of a type that people are shown: whoever sent the message chose how long it is. */
const TYPE_CHARS_MAX = 100;

/** What a message is, for logs and `inspect`: its type, else its kind of value. */
export const typeText = (message: unknown): string =>
  (messageType(message) ?? typeof message).slice(0, TYPE_CHARS_MAX);

/**
 * The messages of one process, in order of arrival. Two parts: `incoming`, a plain queue, and the messages that a
 * selective receive has passed over, indexed by type. So plain receives pay for nothing, `receive(type)` costs the same
 * whatever waits, and a waiting `receive(match)` looks at each message once.
 *
 *     push → incoming ──take──────────────→ process
 *                └─passed over→ saved ──take, takeType, takeMatch→ process
 */
export class Mailbox {
  readonly #incoming = new Queue<unknown>();
  #first: Saved | undefined;
  #last: Saved | undefined;
  #types: Map<string, SavedList> | undefined;
  #savedLength = 0;

  get length(): number {
    return this.#incoming.length + this.#savedLength;
  }

  push(message: unknown): void {
    this.#incoming.push(message);
  }

  /** The oldest message, or undefined when there is none. */
  take(): unknown {
    return this.#first === undefined ? this.#incoming.shift() : this.#remove(this.#first);
  }

  /** The oldest message whose `type` is this one. */
  takeType(type: string): unknown {
    const saved = this.#types?.get(type)?.first;
    if (saved !== undefined) return this.#remove(saved);
    return this.#takeIncoming((message) => messageType(message) === type);
  }

  /** The oldest message that matches. What `match` throws is thrown on; nothing is lost. */
  takeMatch(match: (message: unknown) => boolean): unknown {
    for (let saved = this.#first; saved !== undefined; saved = saved.after) {
      if (match(saved.message)) return this.#remove(saved);
    }
    return this.#takeIncoming(match);
  }

  /** As `takeMatch`, for a receive that has seen all saved messages before. */
  takeMatchNew(match: (message: unknown) => boolean): unknown {
    return this.#takeIncoming(match);
  }

  /** Removes the messages of a type that match, wherever they are. @returns how many */
  drop(type: string, match: (message: unknown) => boolean): number {
    this.#saveAll();
    let count = 0;
    let saved = this.#types?.get(type)?.first;
    while (saved !== undefined) {
      const after: Saved | undefined = saved.sameAfter;
      if (match(saved.message)) {
        this.#remove(saved);
        count++;
      }
      saved = after;
    }
    return count;
  }

  /** The types of the oldest messages, at most `max`; for what has none, its kind of value. */
  types(max: number): string[] {
    const types: string[] = [];
    for (let saved = this.#first; saved !== undefined && types.length < max; saved = saved.after) {
      types.push(typeText(saved.message));
    }
    return [...types, ...this.#incoming.toArray(max - types.length).map(typeText)];
  }

  #takeIncoming(match: (message: unknown) => boolean): unknown {
    for (;;) {
      const message = this.#incoming.peek();
      if (message === undefined) return undefined;
      const matches = match(message);
      this.#incoming.shift();
      if (matches) return message;
      this.#save(message);
    }
  }

  #saveAll(): void {
    for (;;) {
      const message = this.#incoming.shift();
      if (message === undefined) return;
      this.#save(message);
    }
  }

  #save(message: unknown): void {
    const type = messageType(message);
    let list: SavedList | undefined;
    if (type !== undefined) {
      this.#types ??= new Map();
      list = this.#types.get(type);
      if (list === undefined) this.#types.set(type, (list = new SavedList()));
    }
    const saved = new Saved(message, list);
    saved.before = this.#last;
    if (this.#last === undefined) this.#first = saved;
    else this.#last.after = saved;
    this.#last = saved;
    this.#savedLength++;
    if (list === undefined) return;
    saved.sameBefore = list.last;
    if (list.last === undefined) list.first = saved;
    else list.last.sameAfter = saved;
    list.last = saved;
  }

  #remove(saved: Saved): unknown {
    if (saved.before === undefined) this.#first = saved.after;
    else saved.before.after = saved.after;
    if (saved.after === undefined) this.#last = saved.before;
    else saved.after.before = saved.before;
    const list = saved.sameType;
    if (list !== undefined) {
      if (saved.sameBefore === undefined) list.first = saved.sameAfter;
      else saved.sameBefore.sameAfter = saved.sameAfter;
      if (saved.sameAfter === undefined) list.last = saved.sameBefore;
      else saved.sameAfter.sameBefore = saved.sameBefore;
    }
    // Types come from messages, so their number has no bound: the index goes when nothing is saved any more.
    if (--this.#savedLength === 0) this.#types = undefined;
    return saved.message;
  }
}

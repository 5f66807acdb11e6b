import { Deadline, type Deadlines } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import type { NameEntry } from "../../wire/name-entry.ts";
import type { NameHolders } from "./name-holders.ts";
import type { NameMarks } from "./name-marks.ts";
import type { NameWatches } from "./name-watches.ts";
import type { Asker, NamesAnswer, NamesOutput } from "./names-io.ts";

/** What the parts of the core share. */
export interface NameDesk {
  readonly node: string;
  readonly creation: number;
  /** Connected nodes and their creations. */
  readonly peers: ReadonlyMap<string, number>;
  readonly holders: NameHolders;
  readonly watches: NameWatches;
  readonly marks: NameMarks;
  readonly deadlines: Deadlines;
  /** Of this node; one for all that needs fences. */
  readonly fences: Fences;
  /** Of the input that is handled. */
  readonly now: Millis;
  emit(output: NamesOutput): void;
  answer(asker: Asker, answer: NamesAnswer): void;
  /** A process of this node holds the name from now on. */
  take(name: string, local: number, entry: NameEntry): void;
  /** No process of this node holds the name from now on. */
  release(name: string): void;
  /** Whoever waits for the name looks again. */
  changed(name: string, now: Millis): void;
}

/** Where fences come from. */
export interface Fences {
  readonly highest: number;
  /** Above all that were seen. */
  next(): number;
  see(fence: number): void;
}

/** A deadline that calls a function. */
export class Alarm extends Deadline {
  override readonly expired: (now: Millis) => void;

  constructor(expired: (now: Millis) => void) {
    super();
    this.expired = expired;
  }
}

/** The same text for the same asker. */
export const askerKey = (asker: Asker): string =>
  "peer" in asker ? `${asker.peer} ${asker.id}` : `${asker.scheduler} ${asker.id}`;

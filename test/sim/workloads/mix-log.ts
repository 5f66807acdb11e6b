/** What the processes of the random mix saw, for the checkers. */
import { append, nodeOf, type Run } from "../run.ts";

/** Numbers from one process to another. */
interface Stream {
  /** When each was sent; the first one has number 1. */
  readonly sentAt: number[];
  readonly got: { readonly n: number; readonly at: number }[];
}

export interface MonitorEntry {
  readonly holder: string;
  readonly target: string;
  readonly at: number;
  readonly downs: { readonly reason: string; readonly at: number }[];
  /** The holder has demonitored it: a Down may still be in the mailbox, or none may come any more. */
  ended?: "ended" | "flushed";
}

interface AskEntry {
  readonly n: number;
  readonly by: string;
  readonly to: string;
  readonly at: number;
  outcome: string | undefined;
}

export interface SpawnEntry {
  readonly id: string;
  readonly by: string;
  readonly node: string;
  readonly link: boolean;
  readonly at: number;
  /** The pid, or an error's code. */
  outcome: string | undefined;
  readonly born: string[];
}

interface LinkEntry {
  /** When the last link was made. */
  at: number;
  made: number;
  ended: number;
  exits: { readonly reason: string; readonly at: number }[];
  /** The holder has ended it, has read everything that was in its mailbox by then, and has made no other since. */
  isOver: boolean;
}

class MixLog {
  readonly streams = new Map<string, Stream>();
  readonly monitors = new Map<string, MonitorEntry>();
  readonly asks: AskEntry[] = [];
  readonly spawnEntries = new Map<string, SpawnEntry>();
  /** By `who > with whom`. */
  readonly links = new Map<string, LinkEntry>();
  /** Those with whom somebody has linked himself, or who have with him. */
  readonly partners = new Map<string, string[]>();
  /** Why a process may end, from when it was decided. */
  readonly endings = new Map<string, string[]>();
  /** Names of actors by pid, and their pids in order of birth. */
  readonly names = new Map<string, string>();
  readonly actors: string[] = [];
  /** The same by node, those of earlier starts too. */
  readonly actorsOf = new Map<string, string[]>();
  /** What can be said to be wrong at once. */
  readonly faults: string[] = [];
  arrived = 0;
  /** Whether senders are paused in this run. */
  readonly pauses: boolean;
  /** `holder other`, where the holder has been told of the other's end. */
  readonly #gone = new Set<string>();
  /** When each watcher began to watch. */
  readonly #bornAt = new Map<string, number>();
  /** For each watcher, the nodes that are up as far as it was told. */
  readonly views = new Map<string, Set<string>>();

  constructor(pauses: boolean) {
    this.pauses = pauses;
  }

  stream(from: string, to: string): Stream {
    const key = `${from} > ${to}`;
    let stream = this.streams.get(key);
    if (stream === undefined) this.streams.set(key, (stream = { sentAt: [], got: [] }));
    return stream;
  }

  /** The number of what is sent next from one process to another. */
  next(from: string, to: string): number {
    return this.stream(from, to).sentAt.length + 1;
  }

  sent(from: string, to: string, at: number): void {
    this.stream(from, to).sentAt.push(at);
  }

  received(self: string, message: Numbered, at: number): void {
    const { from, to, n, filling } = message;
    this.arrived++;
    if (to !== self) this.faults.push(`${self} got what ${from} sent to ${to}`);
    if (filling !== undefined && filling.some((byte) => byte !== (n & 0xff))) {
      this.faults.push(`${self} got ${n} of ${from} with other bytes`);
    }
    // A sender that is paused, because its lane is full, takes what the system tells it before what came earlier.
    const { got, sentAt } = this.stream(from, self);
    // What was sent before it began may have waited in its mailbox for longer than the session stood, which it knows nothing of.
    const isOld = (sentAt[n - 1] ?? at) < (this.#bornAt.get(self) ?? 0);
    if (!this.pauses && !isOld) this.#isUp(self, from, `number ${n} of ${from}`);
    got.push({ n, at });
  }

  born(self: string, nodes: readonly string[], at: number): void {
    this.#bornAt.set(self, at);
    this.views.set(self, new Set(nodes));
  }

  nodeEvent(
    self: string,
    type: "nodeup" | "nodedown",
    node: string,
    list: readonly string[],
  ): void {
    const view = this.views.get(self)!;
    const isUp = type === "nodeup";
    if (view.has(node) === isUp) this.faults.push(`${self}: ${type} of ${node} twice`);
    if (isUp) view.add(node);
    else view.delete(node);
    // A later event may have changed the list before this one is looked at: only what is told last can be compared.
    this.lists.set(self, list);
  }

  readonly lists = new Map<string, readonly string[]>();

  linked(self: string, to: string, at: number): void {
    const entry = this.#link(self, to);
    if (entry.made++ === 0) {
      append(this.partners, self, to);
      append(this.partners, to, self);
    }
    entry.at = at;
    entry.isOver = false;
  }

  /** The result tells this link from those that the holder makes later. */
  unlinked(self: string, to: string): number {
    const entry = this.#link(self, to);
    entry.ended++;
    return entry.made;
  }

  /**
   * The holder reads what it told itself right after an unlink. No exit of that link may arrive after the unlink; one that had
   * arrived before is in the mailbox and is read like anything there, however late: a thread may be stalled in between.
   */
  over(self: string, to: string, made: number): void {
    const entry = this.#link(self, to);
    if (entry.made === made) entry.isOver = true;
  }

  exited(self: string, from: string, reason: string, at: number): void {
    const entry = this.#link(self, from);
    entry.exits.push({ reason, at });
    // One that the other side made since is another link.
    if (entry.isOver && (this.links.get(`${from} > ${self}`)?.made ?? 0) === 0) {
      this.faults.push(`${self} got an exit of ${from}, with which it had unlinked before`);
    }
    this.#told(self, from, reason);
  }

  down(self: string, ref: string, reason: string, at: number): void {
    const monitor = this.monitors.get(ref);
    if (monitor === undefined || monitor.holder !== self) {
      this.faults.push(`${self}: a Down of ${ref}, which it does not hold`);
      return;
    }
    monitor.downs.push({ reason, at });
    this.#told(self, monitor.target, reason);
  }

  ending(pid: string, reason: string): void {
    append(this.endings, pid, reason);
  }

  asked(by: string, to: string, at: number): AskEntry {
    const entry: AskEntry = { n: this.asks.length, by, to, at, outcome: undefined };
    this.asks.push(entry);
    return entry;
  }

  spawns(by: string, node: string, link: boolean, at: number): SpawnEntry {
    const id = `child ${this.spawnEntries.size}`;
    const entry: SpawnEntry = { id, by, node, link, at, outcome: undefined, born: [] };
    this.spawnEntries.set(id, entry);
    return entry;
  }

  childBorn(id: string, pid: string): void {
    this.spawnEntries.get(id)?.born.push(pid);
  }

  hello(id: string): void {
    const entry = this.spawnEntries.get(id);
    if (entry?.outcome === undefined)
      this.faults.push(`${id} says hello before its spawn is answered`);
  }

  #link(self: string, to: string): LinkEntry {
    const key = `${self} > ${to}`;
    let entry = this.links.get(key);
    if (entry === undefined)
      this.links.set(key, (entry = { at: 0, made: 0, ended: 0, exits: [], isOver: false }));
    return entry;
  }

  #isUp(self: string, from: string, what: string): void {
    const node = nodeOf(from);
    if (this.#gone.has(`${self} ${from}`)) this.faults.push(`${self} got ${what} after its end`);
    if (node === nodeOf(self) || this.views.get(self)?.has(node) === true) return;
    this.faults.push(`${self} got ${what} while ${node} was down for it`);
  }

  /** The holder has been told why the other one ended: nothing of it comes any more. */
  #told(self: string, other: string, reason: string): void {
    if (reason !== "noproc" && reason !== "noconnection") this.#gone.add(`${self} ${other}`);
  }
}

type Numbered = {
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly filling?: Uint8Array | undefined;
};

/** The log of the run that goes on now: one at a time on a thread. */
export let mixLog = new MixLog(false);

/** Begins the log of another run. */
export function freshLog(run: Run): void {
  mixLog = new MixLog(run.pauses);
}

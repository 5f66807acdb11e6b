/**
 * Reads all that the processes of a soak wrote down and says what must not be: the promises of docs/guarantees.md about
 * order, monitors, links, spawns and calls, over nodes that die and networks that break.
 */
import type { SoakRecord } from "./records.ts";

export interface Verdict {
  /** One sentence each; empty is good. */
  readonly violations: readonly string[];
  /** How much was checked, by what; a check that saw nothing proves nothing. */
  readonly counts: Readonly<Record<string, number>>;
}

/** `a@host#creation/1.42` without what is behind the slash: one start of one node. */
export const startOf = (pid: string): string => pid.slice(0, pid.indexOf("/"));
const nodeOf = (pid: string): string => pid.slice(0, pid.indexOf("#"));
const text = (value: unknown): string => JSON.stringify(value);

/** What one process wrote down, in its order. */
interface Story {
  readonly pid: string;
  readonly records: readonly SoakRecord[];
  /** Its node was killed, so the end of the story may be missing. */
  readonly cut: boolean;
}

type Of<W extends SoakRecord["what"]> = Extract<SoakRecord, { readonly what: W }>;

const all = <W extends SoakRecord["what"]>(story: Story, what: W): Of<W>[] =>
  story.records.filter((record): record is Of<W> => record.what === what);

/** @param killed starts of nodes that did not live to see the end */
export function check(records: readonly SoakRecord[], killed: (start: string) => boolean): Verdict {
  const stories = new Map<string, SoakRecord[]>();
  for (const record of records) {
    const told = stories.get(record.by);
    if (told === undefined) stories.set(record.by, [record]);
    else told.push(record);
  }
  const checker = new Checker(
    new Map(
      [...stories].map(([pid, told]) => [pid, { pid, records: told, cut: killed(startOf(pid)) }]),
    ),
  );
  return checker.run();
}

class Checker {
  readonly #stories: ReadonlyMap<string, Story>;
  readonly #violations: string[] = [];
  readonly #counts: Record<string, number> = {};

  constructor(stories: ReadonlyMap<string, Story>) {
    this.#stories = stories;
  }

  run(): Verdict {
    for (const story of this.#stories.values()) {
      for (const { message } of all(story, "stray")) this.#fail(story, `got ${message}`);
      for (const { of } of all(story, "missing")) this.#fail(story, `waited in vain for ${of}`);
      this.#checkNodes(story);
      this.#checkMonitors(story);
      const [pair] = all(story, "receiver");
      if (pair !== undefined) this.#checkPair(story, pair);
      this.#checkLinks(story);
    }
    this.#checkCalls();
    this.#checkSpawns();
    return { violations: this.#violations, counts: this.#counts };
  }

  #count(what: string, by = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + by;
  }

  #fail(story: Story, what: string): void {
    this.#violations.push(`${story.pid}: ${what}`);
  }

  /** Up and down in turn, for each node. */
  #checkNodes(story: Story): void {
    const up = new Map<string, boolean>();
    for (const { present } of all(story, "nodes")) {
      for (const node of present) up.set(node, true);
    }
    for (const record of story.records) {
      if (record.what !== "nodeup" && record.what !== "nodedown") continue;
      const { node, what } = record;
      if (up.get(node) === (what === "nodeup")) this.#fail(story, `${what} of ${node} twice`);
      up.set(node, what === "nodeup");
      this.#count(what);
    }
  }

  /** One down for each monitor that was not taken back, never two; none after it was taken back; a true reason. */
  #checkMonitors(story: Story): void {
    const open = new Map<string, string>();
    for (const record of story.records) {
      if (record.what === "monitor") {
        open.set(record.ref, record.target);
        this.#count("monitors");
      } else if (record.what === "demonitor") {
        if (!open.delete(record.ref))
          this.#fail(story, `took back ${record.ref}, which it had not`);
      } else if (record.what === "down") {
        const target = open.get(record.ref);
        open.delete(record.ref);
        if (target === undefined) this.#fail(story, `a down of ${record.ref}, which is not open`);
        else this.#checkReason(story, target, record.reason);
        this.#count("downs");
      }
    }
    if (story.cut) return;
    for (const ref of open.keys()) this.#fail(story, `no down of ${ref}`);
  }

  /** The end of a process as others heard of it: its own reason, or that nobody was there (any more) to tell. */
  #checkReason(story: Story, of: string, reason: unknown): void {
    if (reason === "noconnection" || reason === "noproc") return;
    const end = this.#stories.get(of)?.records.findLast(({ what }) => what === "end");
    const told = end?.what === "end" ? text(end.reason) : text("normal");
    // One that was cut off may have died before it wrote down why.
    if (this.#stories.get(of)?.cut === true && end === undefined) return;
    if (text(reason) !== told)
      this.#fail(story, `${of} ended with ${told}, told as ${text(reason)}`);
  }

  /** Numbers grow by one, but where the sender's node was lost in between; and none is missing at the end. */
  #checkPair(story: Story, { from, stream }: Of<"receiver">): void {
    const source = this.#stories.get(from);
    const announced = source === undefined ? 0 : (all(source, "sending").at(-1)?.upTo ?? 0);
    let last = 0;
    let lost = false;
    for (const record of story.records) {
      if (record.what === "nodedown" && record.node === nodeOf(from)) {
        lost = true;
        this.#count("losses in a pair");
      }
      if (record.what === "got" || record.what === "run") {
        const seq = record.what === "run" ? record.from : record.seq;
        const upTo = record.what === "run" ? record.upTo : seq;
        this.#count("numbers", upTo - seq + 1);
        if (record.what === "got" && !record.whole)
          this.#fail(story, `${stream}: ${seq} came damaged`);
        if (seq <= last) this.#fail(story, `${stream}: ${seq} came after ${last}`);
        if (seq > last + 1) {
          if (lost) this.#count("gaps with a loss");
          else this.#fail(story, `${stream}: ${seq} came after ${last}, and nothing was lost`);
        }
        if (upTo > announced) this.#fail(story, `${stream}: ${upTo} came, which was never sent`);
        last = upTo;
        lost = false;
      }
      if (record.what === "down" && record.reason !== "noconnection" && !lost) {
        const sent = source === undefined ? undefined : all(source, "sent").at(-1)?.last;
        if (sent !== undefined && record.reason !== "noproc" && sent !== last) {
          this.#fail(story, `${stream}: ${sent} were sent, ${last} came, and nothing was lost`);
        } else this.#count("whole pairs");
      }
    }
  }

  /** What the near end of a link says must fit what the far end heard. */
  #checkLinks(story: Story): void {
    const links = all(story, "link");
    const to = links[0]?.to;
    if (to === undefined) return;
    const far = this.#stories.get(to);
    let isLinked = false;
    let isSure = false;
    let sureLosses = 0;
    for (const record of story.records) {
      if (record.what === "link") {
        isLinked = true;
        this.#count("links");
      } else if (record.what === "sure") isSure = isLinked;
      else if (record.what === "unlink") isLinked = isSure = false;
      else if (record.what === "exit" && record.from === to) {
        if (!isLinked) this.#fail(story, `an exit of ${to}, to which it was not linked`);
        if (isSure && record.reason === "noconnection") sureLosses++;
        this.#checkReason(story, to, record.reason);
        isLinked = isSure = false;
        this.#count("exits of links");
      }
    }
    if (far === undefined) return;
    const heard = all(far, "exit").filter(({ from }) => from === story.pid);
    const lostThere = heard.filter(({ reason }) => reason === "noconnection").length;
    const farEnded = all(far, "end").length > 0;
    if (!far.cut && !farEnded && lostThere < sureLosses) {
      this.#fail(story, `lost ${to} ${sureLosses} times while linked, which noticed ${lostThere}`);
    }
    this.#checkLastExit(story, far, isSure, heard);
  }

  /** The near end ended: the far end must have heard of it exactly if both were linked, unless it was gone before. */
  #checkLastExit(story: Story, far: Story, isSure: boolean, heard: readonly Of<"exit">[]): void {
    const end = all(story, "end").at(-1);
    if (end === undefined) return;
    const last = heard.at(-1);
    const told = last !== undefined && text(last.reason) === text(end.reason);
    const linkedAtEnd = (end.reason as { shutdown: { linker: boolean } }).shutdown.linker;
    if (told && !linkedAtEnd) this.#fail(far, `heard of the end of ${story.pid} without a link`);
    if (told) this.#count("ends told over links");
    const [down] = all(far, "down");
    // The far end ended by itself, or its node did, or the nodes had lost each other.
    if (far.cut || down === undefined || text(down.reason) !== text(end.reason)) return;
    const lost = last?.reason === "noconnection";
    if (isSure && !told && !lost) this.#fail(far, `did not hear of the end of ${story.pid}`);
  }

  /** Each call has one end; nobody is served twice, or answered without having been served. */
  #checkCalls(): void {
    const served = new Map<string, number>();
    for (const story of this.#stories.values()) {
      for (const { id } of all(story, "served")) served.set(id, (served.get(id) ?? 0) + 1);
    }
    for (const [id, times] of served) {
      if (times > 1) this.#violations.push(`call ${id} was served ${times} times`);
    }
    for (const story of this.#stories.values()) {
      const answered = new Set<string>();
      const failed = new Set<string>();
      for (const { id, right } of all(story, "answered")) {
        if (!right) this.#fail(story, `call ${id} got a wrong answer`);
        if (!served.has(id)) this.#fail(story, `call ${id} was answered by nobody`);
        if (answered.has(id)) this.#fail(story, `call ${id} was answered twice`);
        answered.add(id);
      }
      for (const { id, code } of all(story, "failed")) {
        if (answered.has(id) || failed.has(id)) this.#fail(story, `call ${id} ended twice`);
        failed.add(id);
        if (!["timeout", "noconnection", "noproc", "exit"].includes(code)) {
          this.#fail(story, `call ${id} failed with ${code}`);
        }
      }
      for (const { id } of story.cut ? [] : all(story, "call")) {
        if (!answered.has(id) && !failed.has(id)) this.#fail(story, `call ${id} never ended`);
      }
      this.#count("calls answered", answered.size);
      this.#count("calls failed", failed.size);
    }
  }

  /** A child is born once; one with a pid was; one that was refused by name was not; a linked one does not survive. */
  #checkSpawns(): void {
    const births = new Map<string, Story[]>();
    for (const story of this.#stories.values()) {
      for (const { id } of all(story, "born")) births.set(id, [...(births.get(id) ?? []), story]);
    }
    for (const [id, born] of births) {
      if (born.length > 1) this.#violations.push(`spawn ${id} made ${born.length} processes`);
    }
    for (const story of this.#stories.values()) {
      for (const { id, pid } of all(story, "spawned")) {
        this.#count("spawns");
        const [child] = births.get(id) ?? [];
        // Its node may have died after the reply and before the first line.
        if (child !== undefined && child.pid !== pid)
          this.#fail(story, `spawn ${id} got a wrong pid`);
      }
      for (const { id, code } of all(story, "refused")) {
        this.#count("spawns refused");
        if (code === "undef" && births.has(id)) this.#fail(story, `spawn ${id}: undef, but born`);
        if (!["undef", "noconnection", "timeout", "ended"].includes(code)) {
          this.#fail(story, `spawn ${id} failed with ${code}`);
        }
      }
      this.#checkChildren(story, births);
    }
  }

  #checkChildren(story: Story, births: ReadonlyMap<string, readonly Story[]>): void {
    const linked = all(story, "spawn").filter((spawn) => spawn.linked);
    const spawned = new Set(all(story, "spawned").map(({ id }) => id));
    for (const { id } of linked) {
      const [child] = births.get(id) ?? [];
      if (child === undefined || child.cut) continue;
      const exits = all(child, "exit");
      if (exits.length !== 1) {
        this.#fail(child, `a linked child, heard of ${exits.length} ends of its parent`);
        continue;
      }
      const [exit] = exits;
      if (exit!.from !== story.pid)
        this.#fail(child, `an exit of ${exit!.from}, not of its parent`);
      // One whose spawn was given up hears that, or nothing but its parent's end.
      if (spawned.has(id)) this.#checkReason(child, story.pid, exit!.reason);
      this.#count("children that ended with their parent");
    }
  }
}

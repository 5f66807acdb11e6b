import type { Millis } from "../../base/millis.ts";
import { NAME_CONFLICT_MS } from "../../base/limits.ts";
import type { HolderPid, NamesMessage, NameVerdict } from "../../wire/names-message.ts";
import { Alarm, type NameDesk } from "./name-desk.ts";
import { isEarlier, replaces } from "./name-holders.ts";
import type { Conflict, Holder, NamesInput } from "./names-io.ts";

/** Two holders of one name, of which the one here claimed earlier: this node decides. */
interface Clash {
  readonly id: number;
  readonly name: string;
  readonly own: Holder;
  readonly other: Holder;
  /** While a function decides. */
  alarm: Alarm | undefined;
  /** What is done here when the other node has done its part. */
  settled: (() => void) | undefined;
}

/** What is done with the holder of this node. */
interface Part {
  readonly name: string;
  readonly own: Holder;
  readonly other: HolderPid;
  readonly verdict: NameVerdict;
  /** Of the one that stays; 0: neither does. */
  readonly fence: number;
  /** It claimed earlier. */
  readonly isFirst: boolean;
}

/**
 * What becomes of a name that two connected nodes hold: after a split, mostly. The node of the earlier claim decides, the
 * other one carries out its part if its holder is still the one that was decided about; if not, it starts over with
 * whoever it is now. Every decision leaves one holder less, so it ends, in whatever order nodes meet.
 */
export class NameConflicts {
  readonly #desk: NameDesk;
  /** Whether this node is in the middle of taking the name over. */
  readonly #isConfirming: (name: string) => boolean;
  readonly #clashes = new Map<number, Clash>();
  readonly #open = new Map<string, Clash>();
  readonly #inStep = new Set<string>();
  #next = 1;

  constructor(desk: NameDesk, isConfirming: (name: string) => boolean) {
    this.#desk = desk;
    this.#isConfirming = isConfirming;
  }

  get size(): number {
    return this.#clashes.size;
  }

  /** Our copy of the node's names is whole: what both hold shows now. */
  inStep(peer: string, now: Millis): void {
    this.#inStep.add(peer);
    for (const name of this.#desk.holders.doubledWith(peer)) this.#check(peer, name, now);
  }

  nodeDown(peer: string): void {
    this.#inStep.delete(peer);
    for (const clash of [...this.#clashes.values()]) {
      if (clash.other.node === peer) this.#close(clash);
    }
  }

  /** One of the holders of a name is another. */
  check(name: string, now: Millis): void {
    if (this.#desk.holders.own(name) === undefined) return;
    for (const { node } of this.#desk.holders.others(name)) this.#check(node, name, now);
  }

  /** The other node decided. */
  handleSettle(peer: string, message: Extract<NamesMessage, { kind: "settle" }>): void {
    const { conflict, fence, held, local, name, verdict } = message;
    const desk = this.#desk;
    desk.fences.see(fence);
    const own = desk.holders.own(name);
    // Who is being replaced gets no new fence: the one in its place has been given a greater one.
    const isMatch = own !== undefined && own.local === local && own.entry.fence === held;
    const ok = isMatch && !(verdict === "kept" && this.#isReplaced(own, name));
    if (ok) {
      const creation = desk.peers.get(peer) ?? 0;
      const other = { node: peer, creation, local: message.other };
      this.#apply({ name, own, other, verdict, fence, isFirst: false });
    }
    desk.emit({ kind: "send", peer, message: { kind: "settled", conflict, ok } });
    if (ok) desk.changed(name, desk.now);
  }

  handleSettled(
    peer: string,
    message: Extract<NamesMessage, { kind: "settled" }>,
    now: Millis,
  ): void {
    const clash = this.#clashes.get(message.conflict);
    if (clash === undefined || clash.other.node !== peer) return;
    this.#close(clash);
    const { name } = clash;
    if (message.ok && clash.settled !== undefined && this.#isOwn(clash)) {
      clash.settled();
      this.#desk.changed(name, now);
    } else this.#check(peer, name, now);
  }

  /** What the function returned. */
  decided({ id, kept, text }: Extract<NamesInput, { kind: "decided" }>, now: Millis): void {
    const clash = this.#clashes.get(id);
    if (clash?.alarm === undefined) return;
    this.#desk.deadlines.clear(clash.alarm);
    clash.alarm = undefined;
    if (!this.#isOwn(clash) || !this.#isOther(clash) || this.#isReplaced(clash.own, clash.name)) {
      this.#close(clash);
      return this.check(clash.name, now);
    }
    if (kept === "neither") this.#settle(clash, "neither", text);
    else this.#settle(clash, kept === "first" ? "lost" : "kept", text);
    this.#desk.changed(clash.name, now);
  }

  #check(peer: string, name: string, now: Millis): void {
    const { holders } = this.#desk;
    const own = holders.own(name);
    const other = holders.otherOn(peer, name);
    if (own === undefined || other === undefined || !this.#inStep.has(peer)) return;
    if (this.#isReplaced(own, name)) return;
    if (replaces(own, other)) {
      // That node was out of reach, or does not know yet, when its holder was replaced.
      if (!this.#isConfirming(name)) this.#yield(peer, other, name);
      return;
    }
    const [mine, theirs] = [own.entry.claimed, other.entry.claimed];
    if (!isEarlier({ node: own.node, claimed: mine }, { node: peer, claimed: theirs })) return;
    const key = `${peer} ${name}`;
    const open = this.#open.get(key);
    if (open !== undefined) {
      // What was decided is being carried out: the answer says whether it was.
      if (open.alarm === undefined || this.#isOther(open)) return;
      this.#close(open);
    }
    const id = this.#next++;
    const clash: Clash = { id, name, own, other, alarm: undefined, settled: undefined };
    this.#clashes.set(id, clash);
    this.#open.set(key, clash);
    this.#decide(clash, now);
  }

  #yield(peer: string, other: Holder, name: string): void {
    const { local, entry } = other;
    const message = { kind: "yield", name, local, claimed: entry.claimed } as const;
    this.#desk.emit({ kind: "send", peer, message });
  }

  #decide(clash: Clash, now: Millis): void {
    const { rule } = clash.own.entry;
    if (rule === "exit_loser") return this.#settle(clash, "exit", rule);
    if (rule === "keep_first") return this.#settle(clash, "lost", rule);
    if (rule === "tell_both") return this.#settle(clash, "neither", rule);
    const { id, name, own, other } = clash;
    clash.alarm = new Alarm((at) => {
      this.#desk.emit({ kind: "abandon", id });
      this.decided({ kind: "decided", id, kept: "neither", text: "it took too long" }, at);
    });
    this.#desk.deadlines.set(clash.alarm, now + NAME_CONFLICT_MS);
    const [first, second] = [pidOf(own), pidOf(other)];
    this.#desk.emit({ kind: "resolve", id, run: rule.run, name, first, second });
  }

  /** Carries out what was decided about the other node's holder. */
  #settle(clash: Clash, verdict: NameVerdict, why: string): void {
    const { id, name, other } = clash;
    // The one there is now, with a fence that a conflict with a third node may have changed.
    const own = this.#desk.holders.own(name)!;
    const fence = verdict === "neither" ? 0 : this.#desk.fences.next();
    const { local, entry, node: peer } = other;
    const message = {
      kind: "settle",
      conflict: id,
      name,
      local,
      held: entry.fence,
      other: own.local,
      verdict,
      fence,
    } as const;
    // Whoever is to go, goes when the one that stays is known to be there.
    const part = { name, own, other: pidOf(other), fence, isFirst: true };
    if (verdict === "kept") clash.settled = () => this.#apply({ ...part, verdict: "lost" });
    else this.#apply({ ...part, verdict: verdict === "neither" ? verdict : "kept" });
    this.#desk.emit({ kind: "send", peer, message });
    const kept = verdict === "neither" ? undefined : verdict === "kept" ? peer : own.node;
    const fields = { name, first: own.node, second: peer, kept: kept ?? "neither", why, fence };
    const level = verdict === "neither" && why !== "tell_both" ? "warn" : "info";
    this.#desk.emit({ kind: "log", level, text: "a name had two holders", fields });
  }

  /** What a verdict does to the holder here. */
  #apply({ name, own, other, verdict, fence, isFirst }: Part): void {
    const desk = this.#desk;
    const stays = verdict === "kept" || (verdict === "neither" && isFirst);
    const [kept, lost] = stays ? [pidOf(own), other] : [other, pidOf(own)];
    if (verdict === "kept") desk.take(name, own.local, { ...own.entry, fence });
    else desk.release(name);
    const conflict: Conflict = { name, kept, lost, fence };
    desk.emit({ kind: "tell", local: own.local, conflict, exit: verdict === "exit" });
  }

  #isReplaced(own: Holder, name: string): boolean {
    return this.#desk.holders.others(name).some((other) => replaces(other, own));
  }

  #isOwn({ name, own }: Clash): boolean {
    const now = this.#desk.holders.own(name);
    return now !== undefined && now.local === own.local;
  }

  #isOther({ name, other }: Clash): boolean {
    const now = this.#desk.holders.otherOn(other.node, name);
    return now?.local === other.local && now.entry.fence === other.entry.fence;
  }

  #close(clash: Clash): void {
    if (clash.alarm !== undefined) {
      this.#desk.deadlines.clear(clash.alarm);
      this.#desk.emit({ kind: "abandon", id: clash.id });
    }
    this.#clashes.delete(clash.id);
    const key = `${clash.other.node} ${clash.name}`;
    if (this.#open.get(key) === clash) this.#open.delete(key);
  }
}

const pidOf = ({ node, creation, local }: Holder): HolderPid => ({ node, creation, local });

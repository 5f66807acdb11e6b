import type { Millis } from "../../base/millis.ts";
import { GLOBAL_NAMES_MAX } from "../../base/limits.ts";
import type { ConflictRule, Replaced } from "../../wire/name-entry.ts";
import type { HolderPid, NameProblem, NamesMessage } from "../../wire/names-message.ts";
import { Alarm, askerKey, type NameDesk } from "./name-desk.ts";
import type { Asker, Holder, NamesInput } from "./names-io.ts";

/**
 * Where a claim stands.
 *
 *     queued ──► doubting ──► asking ──all yes──► confirming ──all have it──► answered
 *                   └──the holder lives──┴──a no──┴──time is up, the process ended──┴──► withdrawn, answered
 */
type ClaimState =
  /** Another claim of this node to the same name goes first. */
  | { readonly kind: "queued" }
  /** A process of this node holds the name: whether it still lives is asked of its scheduler. */
  | { readonly kind: "doubting" }
  | {
      readonly kind: "asking";
      readonly claimed: number;
      /** Every connected node, and whether it has said yes. */
      readonly answers: Map<string, boolean>;
      readonly replaced: Replaced[];
    }
  /** The name is held; every connected node is to see that before the asker is told. */
  | {
      readonly kind: "confirming";
      /** Of its entry, whose fence may change meanwhile. */
      readonly claimed: number;
      readonly replaced: readonly Replaced[];
      /** The holder on this node that was replaced: comes back if the claim is withdrawn. */
      readonly previous: Holder | undefined;
      mark: number;
    };

interface Claim {
  readonly id: number;
  readonly asker: Asker;
  readonly name: string;
  /** The process that is to hold the name. */
  readonly local: number;
  readonly replace: boolean;
  readonly rule: ConflictRule;
  readonly alarm: Alarm;
  state: ClaimState;
}

/** The claims of this node's processes to names: one round through the connected nodes each. */
export class NameClaims {
  readonly #desk: NameDesk;
  readonly #byId = new Map<number, Claim>();
  readonly #byAsker = new Map<string, Claim>();
  /** In order; the first is the one that is worked on. */
  readonly #byName = new Map<string, Claim[]>();
  readonly #byLocal = new Map<number, Set<Claim>>();
  #next = 1;

  constructor(desk: NameDesk) {
    this.#desk = desk;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A process of this node is to hold a name. */
  register(input: Extract<NamesInput, { kind: "register" }>, now: Millis): void {
    const { asker, name, replace, rule, timeoutMs } = input;
    const { local } = input.pid;
    const desk = this.#desk;
    if (!input.several && this.#hasOther(local, name)) {
      return desk.answer(asker, { ok: false, problem: "already_named", holder: undefined });
    }
    const claim: Claim = {
      id: this.#next++,
      asker,
      name,
      local,
      replace,
      rule,
      alarm: new Alarm((at) => this.#fail(claim, "timeout", undefined, at)),
      state: { kind: "queued" },
    };
    if (timeoutMs !== Infinity) desk.deadlines.set(claim.alarm, now + timeoutMs);
    desk.watches.hold(local, input.isAlive);
    this.#byId.set(claim.id, claim);
    this.#byAsker.set(askerKey(asker), claim);
    append(this.#byName, name, claim);
    let claims = this.#byLocal.get(local);
    if (claims === undefined) this.#byLocal.set(local, (claims = new Set()));
    claims.add(claim);
    if (this.#byName.get(name)![0] === claim) this.#begin(claim, now);
  }

  /** The asker does not wait any more. */
  cancel(asker: Asker, now: Millis): void {
    const claim = this.#byAsker.get(askerKey(asker));
    if (claim !== undefined) this.#fail(claim, "timeout", undefined, now);
  }

  /** Every process that a claim is for. */
  locals(): readonly number[] {
    return [...this.#byLocal.keys()];
  }

  /** When the claim of this node to a name that waits for answers began; undefined: there is none. */
  claimedAt(name: string): number | undefined {
    const state = this.#byName.get(name)?.[0]?.state;
    return state?.kind === "asking" ? state.claimed : undefined;
  }

  /** Whether this node waits for all to see that it holds the name. */
  isConfirming(name: string): boolean {
    return this.#byName.get(name)?.[0]?.state.kind === "confirming";
  }

  handleYes(peer: string, message: Extract<NamesMessage, { kind: "yes" }>, now: Millis): void {
    const claim = this.#byId.get(message.claim);
    if (claim?.state.kind !== "asking" || !claim.state.answers.has(peer)) return;
    const { holds } = message;
    if (holds !== undefined) claim.state.replaced.push({ node: peer, ...holds });
    claim.state.answers.set(peer, true);
    this.#check(claim, now);
  }

  handleNo(peer: string, message: Extract<NamesMessage, { kind: "no" }>, now: Millis): void {
    const claim = this.#byId.get(message.claim);
    if (claim?.state.kind !== "asking" || !claim.state.answers.has(peer)) return;
    const creation = this.#desk.peers.get(peer) ?? 0;
    this.#fail(claim, "name_taken", { node: peer, creation, local: message.local }, now);
  }

  /** Whoever connects meanwhile is asked too. */
  nodeUp(peer: string): void {
    for (const claim of this.#byId.values()) {
      if (claim.state.kind === "asking") this.#ask(claim, claim.state, peer);
    }
  }

  /** Whoever is lost need not answer; what was asked from there has nobody to be told. */
  nodeDown(peer: string, now: Millis): void {
    for (const claim of [...this.#byId.values()]) {
      if ("peer" in claim.asker && claim.asker.peer === peer) {
        if (claim.state.kind !== "confirming") this.#fail(claim, "timeout", undefined, now);
      } else if (claim.state.kind === "asking" && claim.state.answers.delete(peer)) {
        this.#check(claim, now);
      }
    }
  }

  /** The process lives: what waited for that goes on. */
  alive(local: number, now: Millis): void {
    for (const claim of [...(this.#byLocal.get(local) ?? [])]) this.#check(claim, now);
    for (const name of this.#desk.holders.ownNamesOf(local)) {
      const claim = this.#byName.get(name)?.[0];
      if (claim?.state.kind !== "doubting") continue;
      const { node, creation } = this.#desk;
      this.#fail(claim, "name_taken", { node, creation, local }, now);
    }
  }

  /** The process ended. */
  ended(local: number, now: Millis): void {
    for (const claim of [...(this.#byLocal.get(local) ?? [])]) {
      this.#fail(claim, "noproc", undefined, now);
    }
  }

  /** Nobody on the scheduler waits for an answer any more. */
  schedulerGone(scheduler: number, now: Millis): void {
    for (const claim of [...this.#byId.values()]) {
      if ("scheduler" in claim.asker && claim.asker.scheduler === scheduler) {
        this.#fail(claim, "timeout", undefined, now);
      }
    }
  }

  /** The name has another holder on this node, or none. */
  changed(name: string, now: Millis): void {
    const claim = this.#byName.get(name)?.[0];
    if (claim?.state.kind === "doubting") this.#begin(claim, now);
    else if (claim?.state.kind === "confirming") this.#outbid(claim, claim.state);
  }

  #hasOther(local: number, name: string): boolean {
    for (const held of this.#desk.holders.ownNamesOf(local)) if (held !== name) return true;
    for (const claim of this.#byLocal.get(local) ?? []) if (claim.name !== name) return true;
    return false;
  }

  #begin(claim: Claim, now: Millis): void {
    const { fences, holders, peers, watches } = this.#desk;
    const own = holders.own(claim.name);
    if (own !== undefined && !claim.replace) {
      claim.state = { kind: "doubting" };
      watches.probe(own.local, now);
      return;
    }
    if (own === undefined && holders.ownCount >= GLOBAL_NAMES_MAX) {
      return this.#fail(claim, "full", undefined, now);
    }
    const claimed = fences.next();
    claim.state = { kind: "asking", claimed, answers: new Map(), replaced: [] };
    for (const peer of peers.keys()) this.#ask(claim, claim.state, peer);
    this.#check(claim, now);
  }

  #ask(claim: Claim, state: Extract<ClaimState, { kind: "asking" }>, peer: string): void {
    const { id, name, local, replace } = claim;
    state.answers.set(peer, false);
    const message = {
      kind: "claim",
      claim: id,
      name,
      local,
      fence: state.claimed,
      replace,
    } as const;
    this.#desk.emit({ kind: "send", peer, message });
  }

  #check(claim: Claim, now: Millis): void {
    const { state } = claim;
    if (state.kind !== "asking" || !this.#desk.watches.isAlive(claim.local)) return;
    for (const yes of state.answers.values()) if (!yes) return;
    this.#confirm(claim, state, now);
  }

  #confirm(claim: Claim, asking: Extract<ClaimState, { kind: "asking" }>, now: Millis): void {
    const desk = this.#desk;
    const { local, name, rule } = claim;
    const { claimed, replaced } = asking;
    const previous = desk.holders.own(name);
    if (previous !== undefined) desk.watches.hold(previous.local, true);
    // Above the fences of all who said yes: one of them may have had a holder since the claim began.
    const fence = desk.fences.next();
    const confirming = { kind: "confirming", claimed, replaced, previous, mark: 0 } as const;
    const state: Extract<ClaimState, { kind: "confirming" }> = { ...confirming };
    claim.state = state;
    desk.take(name, local, { claimed, fence, rule, replaces: replaced });
    state.mark = desk.marks.set(() => this.#confirmed(claim, desk.now));
    desk.changed(name, now);
  }

  /** A holder that is being replaced got a new fence in a conflict since it said yes: ours is to be greater. */
  #outbid({ local, name }: Claim, state: Extract<ClaimState, { kind: "confirming" }>): void {
    const desk = this.#desk;
    const own = desk.holders.own(name);
    if (own?.local !== local || own.entry.claimed !== state.claimed) return;
    const isBelow = state.replaced.some(({ node }) => {
      const other = desk.holders.otherOn(node, name);
      return other !== undefined && other.entry.fence > own.entry.fence;
    });
    if (isBelow) desk.take(name, local, { ...own.entry, fence: desk.fences.next() });
  }

  #confirmed(claim: Claim, now: Millis): void {
    if (claim.state.kind !== "confirming") return;
    const { replaced } = claim.state;
    const { name } = claim;
    const own = this.#desk.holders.own(name);
    // Given up again before everybody had it: a conflict was decided against it, or somebody unregistered the name.
    if (own?.local !== claim.local) return this.#fail(claim, "name_taken", undefined, now);
    for (const { node: peer, local, claimed } of replaced) {
      if (!this.#desk.peers.has(peer)) continue;
      const message = { kind: "yield", name, local, claimed } as const;
      this.#desk.emit({ kind: "send", peer, message });
    }
    // With the fence of now: a conflict may have given it a new one.
    this.#desk.answer(claim.asker, { ok: true, fence: own.entry.fence });
    this.#finish(claim, now);
  }

  #fail(claim: Claim, problem: NameProblem, holder: HolderPid | undefined, now: Millis): void {
    const desk = this.#desk;
    const { state } = claim;
    if (!this.#byId.has(claim.id)) return;
    if (state.kind === "asking") {
      const message = { kind: "withdraw", claim: claim.id } as const;
      for (const peer of state.answers.keys()) desk.emit({ kind: "send", peer, message });
    } else if (state.kind === "confirming") {
      desk.marks.forget(state.mark);
      this.#revert(claim, state);
    }
    desk.answer(claim.asker, { ok: false, problem, holder });
    this.#finish(claim, now);
  }

  /** Takes back what was confirmed but not yet told to the asker. */
  #revert({ local, name }: Claim, state: Extract<ClaimState, { kind: "confirming" }>): void {
    const desk = this.#desk;
    const own = desk.holders.own(name);
    // By when it was claimed: a conflict may have given it another fence.
    const { claimed } = state;
    if (own !== undefined && (own.local !== local || own.entry.claimed !== claimed)) return;
    const { previous } = state;
    if (previous !== undefined && desk.watches.isAlive(previous.local)) {
      desk.take(name, previous.local, previous.entry);
    } else if (own !== undefined) {
      desk.release(name);
    }
  }

  #finish(claim: Claim, now: Millis): void {
    const desk = this.#desk;
    const { local, name, state } = claim;
    desk.deadlines.clear(claim.alarm);
    this.#byId.delete(claim.id);
    this.#byAsker.delete(askerKey(claim.asker));
    const claims = this.#byLocal.get(local);
    claims?.delete(claim);
    if (claims?.size === 0) this.#byLocal.delete(local);
    const queue = this.#byName.get(name)!;
    const wasFirst = queue[0] === claim;
    queue.splice(queue.indexOf(claim), 1);
    if (queue.length === 0) this.#byName.delete(name);
    claim.state = { kind: "queued" };
    if (state.kind === "confirming" && state.previous !== undefined) {
      desk.watches.drop(state.previous.local);
    }
    desk.watches.drop(local);
    desk.changed(name, now);
    const next = queue[0];
    if (wasFirst && next?.state.kind === "queued") this.#begin(next, now);
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

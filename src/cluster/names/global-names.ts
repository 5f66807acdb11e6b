/**
 * Names that one process in the whole cluster holds: the core of one node, on its control thread.
 *
 * Each node is the authority for the names of its own processes; the others keep a copy, tied to the session with it, so
 * that what a lost node said goes with it and nothing else does. A name is claimed in one round: the claimant's node asks
 * every node that it is connected to. A node refuses only if a process of its own holds the name; of two claims under way
 * the one with the smaller (fence, node name) goes first and the other waits. With every yes the name is held, the others
 * are told, and whoever asked hears of it when all of them have it in their view.
 *
 *     register ──claim──► every node ──yes──► held ──table, confirm──► every node ──confirmed──► registered
 *                                 └──no──► taken
 *
 * Where two connected nodes hold one name all the same, after a split, `name-conflicts.ts` leaves one of them.
 */
import { Deadlines } from "../../base/deadlines.ts";
import { Queue } from "../../base/queue.ts";
import type { Millis } from "../../base/millis.ts";
import { SERIAL_LIMIT } from "../../term/pid.ts";
import type { NameEntry } from "../../wire/name-entry.ts";
import { NameClaims } from "./name-claims.ts";
import { NameConflicts } from "./name-conflicts.ts";
import type { Fences, NameDesk } from "./name-desk.ts";
import { NameDoubles } from "./name-doubles.ts";
import { NameHolders } from "./name-holders.ts";
import { NameMarks } from "./name-marks.ts";
import { NameRequests, requestMs } from "./name-requests.ts";
import { NameRivals } from "./name-rivals.ts";
import { NameWatches } from "./name-watches.ts";
import type { Asker, Holder, NamesAnswer, NamesInput, NamesOutput } from "./names-io.ts";

export interface GlobalNamesOptions {
  readonly node: string;
  readonly creation: number;
  readonly fences: Fences;
}

export class GlobalNames implements NameDesk {
  readonly node: string;
  readonly creation: number;
  readonly fences: Fences;
  readonly peers = new Map<string, number>();
  readonly deadlines = new Deadlines();
  readonly holders: NameHolders;
  readonly watches: NameWatches;
  readonly marks: NameMarks;
  now: Millis = 0;
  readonly #outputs = new Queue<NamesOutput>();
  readonly #claims: NameClaims;
  readonly #rivals: NameRivals;
  readonly #conflicts: NameConflicts;
  readonly #requests: NameRequests;
  readonly #doubles: NameDoubles;
  readonly #inStep = new Set<string>();
  /** Confirmations that nodes wait for whose names are not all here yet. */
  readonly #owed = new Map<string, number[]>();

  constructor({ node, creation, fences }: GlobalNamesOptions) {
    this.node = node;
    this.creation = creation;
    this.fences = fences;
    const emit = (output: NamesOutput): void => this.emit(output);
    this.holders = new NameHolders({ node, creation }, emit);
    this.watches = new NameWatches(this.deadlines, emit, (local, now) => this.#alive(local, now));
    this.marks = new NameMarks(this.peers, emit);
    this.#claims = new NameClaims(this);
    this.#rivals = new NameRivals(this, this.#claims);
    this.#conflicts = new NameConflicts(this, (name) => this.#claims.isConfirming(name));
    this.#requests = new NameRequests(this);
    this.#doubles = new NameDoubles(this);
  }

  /** Entries that are 0 when nobody holds, claims or waits for anything. */
  get size(): number {
    const { holders, marks, watches } = this;
    const parts = [this.#claims, this.#rivals, this.#conflicts, this.#requests, this.#doubles];
    const waiting = parts.reduce((sum, part) => sum + part.size, marks.size + watches.size);
    return waiting + holders.ownCount;
  }

  handle(input: NamesInput, now: Millis): void {
    this.now = now;
    switch (input.kind) {
      case "node_up":
        return this.#nodeUp(input.peer, input.creation);
      case "node_down":
        return this.#nodeDown(input.peer, now);
      case "in_step":
        return this.#stepped(input.peer, now);
      case "entry":
        return this.#entry(input, now);
      case "cleared":
        for (const name of this.holders.clear(input.peer)) {
          this.#doubles.check(name, now);
          this.changed(name, now);
        }
        return;
      case "message":
        return this.#message(input.peer, input.message, now);
      case "register":
        return this.#register(input, now);
      case "unregister":
        return this.#requests.unregister(input, now);
      case "cancel":
        this.#claims.cancel(input.asker, now);
        return this.#requests.cancel(input.asker);
      case "alive":
        return this.watches.handleAlive(input.local, now);
      case "ended":
        return this.#ended(input.local, now);
      case "scheduler_gone":
        return this.#schedulerGone(input.scheduler, now);
      case "decided":
        return this.#conflicts.decided(input, now);
    }
  }

  handleTimeout(now: Millis): void {
    this.now = now;
    this.deadlines.expire(now);
  }

  pollTimeout(): Millis | undefined {
    return this.deadlines.next();
  }

  pollOutput(): NamesOutput | undefined {
    const output = this.#outputs.shift();
    if (output !== undefined) return output;
    // All has been said that those who wait are to be seen with.
    this.marks.send();
    return this.#outputs.shift();
  }

  // ---- what the parts share

  emit(output: NamesOutput): void {
    this.#outputs.push(output);
  }

  answer(asker: Asker, answer: NamesAnswer): void {
    if (!("peer" in asker)) {
      const { id, scheduler } = asker;
      return this.emit({ kind: "answer", scheduler, id, answer });
    }
    const { id: request, peer } = asker;
    if (!this.peers.has(peer)) return;
    const message = answer.ok
      ? ({ problem: undefined, fence: answer.fence, holder: undefined } as const)
      : ({ problem: answer.problem, fence: 0, holder: answer.holder } as const);
    this.emit({ kind: "send", peer, message: { kind: "reply", request, ...message } });
  }

  take(name: string, local: number, entry: NameEntry): void {
    const previous = this.holders.own(name);
    if (previous?.local !== local) this.watches.hold(local, true);
    this.holders.setOwn(name, local, entry);
    if (previous !== undefined && previous.local !== local) this.watches.drop(previous.local);
  }

  release(name: string): void {
    const own = this.holders.own(name);
    if (own === undefined) return;
    this.holders.removeOwn(name);
    this.watches.drop(own.local);
  }

  changed(name: string, now: Millis): void {
    this.#claims.changed(name, now);
    this.#rivals.judge(name, now);
    this.#conflicts.check(name, now);
  }

  // ---- inputs

  #nodeUp(peer: string, creation: number): void {
    this.peers.set(peer, creation);
    this.#claims.nodeUp(peer);
    this.marks.nodeUp(peer);
  }

  #nodeDown(peer: string, now: Millis): void {
    this.peers.delete(peer);
    this.#inStep.delete(peer);
    this.#owed.delete(peer);
    this.#rivals.nodeDown(peer);
    this.#conflicts.nodeDown(peer);
    this.#requests.nodeDown(peer);
    this.#claims.nodeDown(peer, now);
    this.marks.nodeDown(peer);
  }

  #stepped(peer: string, now: Millis): void {
    if (!this.peers.has(peer)) return;
    this.#inStep.add(peer);
    this.#conflicts.inStep(peer, now);
    for (const mark of this.#owed.get(peer) ?? []) this.#confirmed(peer, mark);
    this.#owed.delete(peer);
  }

  #entry({ peer, name, local, entry }: Extract<NamesInput, { kind: "entry" }>, now: Millis): void {
    const creation = this.peers.get(peer) ?? 0;
    if (entry !== undefined) this.fences.see(entry.fence);
    this.holders.setOther({ node: peer, creation }, name, local, entry);
    this.#doubles.check(name, now);
    this.changed(name, now);
  }

  #message(
    peer: string,
    message: Extract<NamesInput, { kind: "message" }>["message"],
    now: Millis,
  ): void {
    switch (message.kind) {
      case "claim":
        return this.#rivals.handleClaim(peer, message, now);
      case "yes":
        this.fences.see(message.seen);
        return this.#claims.handleYes(peer, message, now);
      case "no":
        this.fences.see(message.fence);
        return this.#claims.handleNo(peer, message, now);
      case "withdraw":
        return this.#rivals.handleWithdraw(peer, message.claim);
      case "confirm":
        if (this.#inStep.has(peer)) return this.#confirmed(peer, message.mark);
        return this.#owe(peer, message.mark);
      case "confirmed":
        return this.marks.confirmed(peer, message.mark);
      case "yield": {
        const own = this.holders.own(message.name);
        if (own?.local !== message.local || own.entry.claimed !== message.claimed) return;
        this.release(message.name);
        return this.changed(message.name, now);
      }
      case "settle":
        return this.#conflicts.handleSettle(peer, message);
      case "settled":
        return this.#conflicts.handleSettled(peer, message, now);
      case "request":
        return this.#requested(peer, message, now);
      case "cancel":
        return this.#claims.cancel({ peer, id: message.request }, now);
      case "reply":
        return this.#requests.handleReply(peer, message);
    }
  }

  #requested(
    peer: string,
    message: Extract<NamesInput, { kind: "message" }>["message"] & { kind: "request" },
    now: Millis,
  ): void {
    const { creation, fence, local, name, rule, several, verb } = message;
    const asker = { peer, id: message.request };
    const timeoutMs = requestMs(message.timeoutMs);
    if (verb === "unregister") {
      const own = this.holders.own(name);
      if (own === undefined || (fence > 0 && own.entry.fence !== fence)) {
        return this.answer(asker, { ok: true, fence: 0 });
      }
      return this.#requests.remove(asker, own, { name, timeoutMs }, now);
    }
    const replace = verb === "reregister";
    const pid = { node: this.node, creation, local };
    const order = { asker, name, pid, isAlive: false, replace, several, rule, timeoutMs };
    this.#register({ kind: "register", ...order }, now);
  }

  #register(input: Extract<NamesInput, { kind: "register" }>, now: Millis): void {
    const { asker, pid } = input;
    if (pid.node !== this.node) return this.#requests.register(input, now);
    if (pid.creation !== this.creation) {
      return this.answer(asker, { ok: false, problem: "noproc", holder: undefined });
    }
    this.#claims.register(input, now);
  }

  #alive(local: number, now: Millis): void {
    this.#rivals.alive(local);
    this.#claims.alive(local, now);
  }

  #ended(local: number, now: Millis): void {
    this.watches.handleEnded(local);
    for (const name of this.holders.ownNamesOf(local)) {
      this.release(name);
      this.changed(name, now);
    }
    this.#claims.ended(local, now);
  }

  #schedulerGone(scheduler: number, now: Millis): void {
    this.#claims.schedulerGone(scheduler, now);
    for (const local of [...this.holders.ownLocals(), ...this.#claims.locals()]) {
      if (Math.floor(local / SERIAL_LIMIT) === scheduler) this.#ended(local, now);
    }
  }

  #owe(peer: string, mark: number): void {
    const owed = this.#owed.get(peer);
    if (owed === undefined) this.#owed.set(peer, [mark]);
    else owed.push(mark);
  }

  #confirmed(peer: string, mark: number): void {
    this.emit({ kind: "send", peer, message: { kind: "confirmed", mark } });
  }

  /** Everything that is shown: for the command line. */
  list(): Iterable<{ readonly name: string; readonly holder: Holder }> {
    return this.holders.list();
  }
}

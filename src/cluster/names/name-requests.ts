import type { Millis } from "../../base/millis.ts";
import type { NamesMessage, NameVerb } from "../../wire/names-message.ts";
import { Alarm, askerKey, type NameDesk } from "./name-desk.ts";
import type { Asker, Holder, NamesAnswer, NamesInput } from "./names-io.ts";

/** An order that another node carries out: it is the authority for the names of its processes. */
interface Forwarded {
  readonly asker: Asker;
  readonly peer: string;
  readonly alarm: Alarm;
}

/** A name of this node that was given up, and not everybody knows yet. */
interface Removal {
  readonly alarm: Alarm;
  mark: number;
}

/** Unregistering, and what is asked here about processes of other nodes. */
export class NameRequests {
  readonly #desk: NameDesk;
  readonly #forwarded = new Map<number, Forwarded>();
  readonly #removals = new Map<string, Removal>();
  #next = 1;

  constructor(desk: NameDesk) {
    this.#desk = desk;
  }

  get size(): number {
    return this.#forwarded.size + this.#removals.size;
  }

  unregister(input: Extract<NamesInput, { kind: "unregister" }>, now: Millis): void {
    const { asker, fence, name, timeoutMs } = input;
    const desk = this.#desk;
    const holder = desk.holders.shown(name);
    if (holder === undefined || (fence > 0 && holder.entry.fence !== fence)) {
      return desk.answer(asker, { ok: true, fence: 0 });
    }
    if (holder.node === desk.node) {
      return this.remove(asker, holder, { name, timeoutMs }, now);
    }
    const { creation, local, node } = holder;
    const order = { name, creation, local, fence, several: false, timeoutMs } as const;
    this.#forward(asker, node, { ...order, verb: "unregister", rule: "exit_loser" }, now);
  }

  /** A process of this node gives the name up. */
  remove(
    asker: Asker,
    holder: Holder,
    { name, timeoutMs }: { readonly name: string; readonly timeoutMs: Millis },
    now: Millis,
  ): void {
    const desk = this.#desk;
    const key = askerKey(asker);
    const { fence } = holder.entry;
    desk.release(name);
    const removal: Removal = {
      alarm: new Alarm(() => {
        this.#removals.delete(key);
        desk.marks.forget(removal.mark);
        desk.answer(asker, { ok: false, problem: "timeout", holder: undefined });
      }),
      mark: 0,
    };
    this.#removals.set(key, removal);
    if (timeoutMs !== Infinity) desk.deadlines.set(removal.alarm, now + timeoutMs);
    removal.mark = desk.marks.set(() => {
      desk.deadlines.clear(removal.alarm);
      this.#removals.delete(key);
      desk.answer(asker, { ok: true, fence });
    });
    desk.changed(name, now);
  }

  /** The process lives on another node. */
  register(input: Extract<NamesInput, { kind: "register" }>, now: Millis): void {
    const { asker, name, pid, replace, rule, several, timeoutMs } = input;
    const { creation, local, node } = pid;
    const verb: NameVerb = replace ? "reregister" : "register";
    const order = { verb, name, creation, local, fence: 0, several, timeoutMs, rule };
    this.#forward(asker, node, order, now);
  }

  /** The asker does not wait any more. What the other node has done already it reports all the same. */
  cancel(asker: Asker): void {
    for (const [request, forwarded] of this.#forwarded) {
      if (askerKey(forwarded.asker) === askerKey(asker)) this.#cancel(request, forwarded.peer);
    }
  }

  handleReply(peer: string, message: Extract<NamesMessage, { kind: "reply" }>): void {
    const { fence, holder, problem, request } = message;
    const forwarded = this.#forwarded.get(request);
    if (forwarded === undefined || forwarded.peer !== peer) return;
    this.#desk.fences.see(fence);
    if (problem === undefined) this.#answer(request, { ok: true, fence });
    else this.#answer(request, { ok: false, problem, holder });
  }

  nodeDown(peer: string): void {
    for (const [request, forwarded] of [...this.#forwarded]) {
      if (forwarded.peer !== peer) continue;
      this.#answer(request, { ok: false, problem: "noconnection", holder: undefined });
    }
  }

  #forward(
    asker: Asker,
    peer: string,
    order: Omit<Extract<NamesMessage, { kind: "request" }>, "kind" | "request">,
    now: Millis,
  ): void {
    const desk = this.#desk;
    if (!desk.peers.has(peer)) {
      return desk.answer(asker, { ok: false, problem: "noconnection", holder: undefined });
    }
    const request = this.#next++;
    // The other node keeps the time. It is asked once more, and its answer is what counts: only it knows what it has done.
    const alarm = new Alarm(() => this.#cancel(request, peer));
    this.#forwarded.set(request, { asker, peer, alarm });
    const { timeoutMs } = order;
    if (timeoutMs !== Infinity) desk.deadlines.set(alarm, now + timeoutMs);
    const message = { ...order, kind: "request", request, timeoutMs: wireMs(timeoutMs) } as const;
    desk.emit({ kind: "send", peer, message });
  }

  #cancel(request: number, peer: string): void {
    this.#desk.emit({ kind: "send", peer, message: { kind: "cancel", request } });
  }

  #answer(request: number, answer: NamesAnswer): void {
    const forwarded = this.#forwarded.get(request)!;
    this.#forwarded.delete(request);
    this.#desk.deadlines.clear(forwarded.alarm);
    this.#desk.answer(forwarded.asker, answer);
  }
}

/** A time-out of 2^48 - 1 on the wire is none. */
const NO_TIMEOUT = 2 ** 48 - 1;

const wireMs = (timeoutMs: Millis): number =>
  Math.min(NO_TIMEOUT, Math.max(0, Math.ceil(timeoutMs)));

/** The time-out that stood in a request. */
export const requestMs = (wire: number): Millis => (wire === NO_TIMEOUT ? Infinity : wire);

/**
 * The registry of a host without a daemon, D11: the first node that can listen on the registry port answers for all
 * nodes of the host, the others register with it over loopback. This is one node's part in it; what the holder answers
 * is `registry-desk.ts`.
 *
 *     claiming ──listening──► holding
 *      ▲  │
 *      │  └─ port in use ──► joining ──registered──► registered
 *      │                        │                        │
 *      │                  silent, refused          holder gone: at once
 *      │                        ▼                        │
 *      └──────deadline────── waiting        claiming ◄───┘
 */
import type { Millis } from "../../base/millis.ts";
import { FrameReader } from "../../wire/frame.ts";
import {
  decodeFailure,
  decodeRegistryAnswer,
  encodeRegistryRequest,
  type Registration,
  type RegistryAnswer,
} from "./registry-message.ts";

/** Milliseconds that a holder may take to answer; it is on this host and never runs users' code. */
const JOIN_MS = 500;
/** Milliseconds until the next try, doubled with every failure: a new holder is found within a second. */
const RETRY_MS_MIN = 40;
const RETRY_MS_MAX = 5_000;
/**
 * Tries after which it is said that there is no registry, or that the name is taken: a holder that has just gone, and a
 * node that was just restarted, whose old connection is still closing, are found out by then.
 */
const TRIES = 3;

export type RegistryInput =
  | { readonly kind: "start" }
  /** The port is ours. */
  | { readonly kind: "listening" }
  /** Somebody else has the port, or it cannot be had. */
  | { readonly kind: "not_listening"; readonly reason: string }
  /** The connection to the holder stands. */
  | { readonly kind: "joined" }
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  /** The connection to the holder is gone, or never came. */
  | { readonly kind: "lost"; readonly reason: string };

export type RegistryOutput =
  /** Try to listen on the registry port; answer with `listening` or `not_listening`. */
  | { readonly kind: "claim" }
  /** Dial the holder; answer with `joined` or `lost`. */
  | { readonly kind: "join" }
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Close the connection to the holder, and say nothing of it. */
  | { readonly kind: "drop" }
  /** Registered, or holding. Said every time. */
  | { readonly kind: "settled"; readonly holding: boolean }
  /** Another living node has our name and listens on `port`. */
  | { readonly kind: "taken"; readonly port: number }
  /** No registry for now. This and `taken` are said once until it is `settled`. */
  | { readonly kind: "unavailable"; readonly reason: string };

type State =
  | { readonly kind: "off" }
  | { readonly kind: "claiming" }
  | { readonly kind: "holding" }
  | { readonly kind: "joining"; readonly until: Millis; readonly reader: FrameReader }
  | { readonly kind: "registered" }
  | { readonly kind: "waiting"; readonly until: Millis };

export class Registry {
  readonly #own: Registration;
  readonly #random: () => number;
  readonly #outputs: RegistryOutput[] = [];
  #state: State = { kind: "off" };
  #failures = 0;
  /** Whether `taken` or `unavailable` was said since the last `settled`. */
  #complained = false;

  /** `random` gives a number in [0, 1) and serves for jitter only. */
  constructor(own: Registration, random: () => number) {
    this.#own = own;
    this.#random = random;
  }

  get state(): State["kind"] {
    return this.#state.kind;
  }

  /** What does not fit the state is late news of a connection that is gone, and ignored. */
  handle(input: RegistryInput, now: Millis): void {
    const { kind: state } = this.#state;
    switch (input.kind) {
      case "start":
        if (state === "off") this.#claim();
        return;
      case "listening":
        if (state === "claiming") this.#settle({ kind: "holding" });
        return;
      case "not_listening":
        if (state === "claiming") this.#join(now);
        return;
      case "joined":
        if (state !== "joining") return;
        this.#send();
        return;
      case "received":
        return this.#received(input.bytes, now);
      case "lost":
        if (state === "registered") this.#claim();
        else if (state === "joining") this.#failed(now, TRIES, input.reason);
        return;
    }
  }

  handleTimeout(now: Millis): void {
    const state = this.#state;
    if (state.kind === "waiting" && now >= state.until) this.#claim();
    if (state.kind === "joining" && now >= state.until) {
      this.#outputs.push({ kind: "drop" });
      this.#failed(now, 1, "it does not answer");
    }
  }

  pollOutput(): RegistryOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    const state = this.#state;
    return state.kind === "waiting" || state.kind === "joining" ? state.until : undefined;
  }

  #claim(): void {
    this.#state = { kind: "claiming" };
    this.#outputs.push({ kind: "claim" });
  }

  #join(now: Millis): void {
    this.#state = { kind: "joining", until: now + JOIN_MS, reader: new FrameReader() };
    this.#outputs.push({ kind: "join" });
  }

  #send(): void {
    const bytes = encodeRegistryRequest({ kind: "register", registration: this.#own });
    this.#outputs.push({ kind: "send", bytes });
  }

  #received(bytes: Uint8Array, now: Millis): void {
    const state = this.#state;
    if (state.kind !== "joining") {
      // A holder has nothing to say to a registered node: whoever does is none.
      if (state.kind !== "registered") return;
      this.#outputs.push({ kind: "drop" });
      return this.#claim();
    }
    let answer: RegistryAnswer;
    try {
      state.reader.push(bytes);
      if (!state.reader.next()) return;
      answer = decodeRegistryAnswer(state.reader.bytes, state.reader.start, state.reader.end);
    } catch (error) {
      decodeFailure(error);
      this.#outputs.push({ kind: "drop" });
      return this.#failed(now, 1, "what answers there is no registry");
    }
    if (answer.kind === "registered") return this.#settle({ kind: "registered" });
    this.#outputs.push({ kind: "drop" });
    if (answer.kind === "taken") {
      return this.#complain(now, TRIES, { kind: "taken", port: answer.port });
    }
    const said = answer.kind === "refused" ? answer.code : answer.kind;
    this.#failed(now, 1, `it answers ${said.replaceAll("_", " ")}`);
  }

  #settle(state: State): void {
    this.#state = state;
    this.#failures = 0;
    this.#complained = false;
    this.#outputs.push({ kind: "settled", holding: state.kind === "holding" });
  }

  #failed(now: Millis, tries: number, reason: string): void {
    this.#complain(now, tries, { kind: "unavailable", reason });
  }

  /** Tries again later, and says so from the `tries`-th failure on, once. */
  #complain(now: Millis, tries: number, complaint: RegistryOutput): void {
    const base = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#state = { kind: "waiting", until: now + base * (0.5 + this.#random()) };
    if (this.#failures < tries || this.#complained) return;
    this.#complained = true;
    this.#outputs.push(complaint);
  }
}

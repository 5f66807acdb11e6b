/** A machine that code sees in place of the real one: its clock, its timers, its randomness. */
import type { Millis } from "../../base/millis.ts";
import type { Timer } from "../../port/clock.ts";

export interface VirtualMachine {
  /** Milliseconds on a clock that only grows. */
  now(): Millis;
  /** Milliseconds since 1970. */
  wall(): number;
  setTimer(afterMs: Millis, callback: () => void): Timer;
  clearTimer(timer: Timer): void;
  /** In [0, 1). */
  random(): number;
  /** What it calls itself. */
  readonly host: string;
  /** Takes what a callback threw and nobody caught. */
  stray(error: unknown): void;
}

/** Code that runs now asks for its machine with this. */
export type MachineOf = () => VirtualMachine;

/** `Date` with the machine's wall clock. Its prototype is the real one, so that dates are dates everywhere. */
export function virtualDate(machineOf: MachineOf): DateConstructor {
  const now = (): number => Math.floor(machineOf().wall());
  return new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: (target) => new target(now()).toString(),
    get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
  });
}

/** Milliseconds of the longest timer; a longer one fires at once, as everywhere. */
const TIMER_MS_MAX = 0x7fff_ffff;

/** What `setTimeout` and `setInterval` return: good for `clearTimeout`, as a number too. */
class VirtualTimer {
  readonly #machine: VirtualMachine;
  readonly #callback: () => void;
  readonly #delayMs: Millis;
  readonly #repeats: boolean;
  readonly #id: number;
  readonly #ended: () => void;
  #timer: Timer | undefined;

  constructor(
    machine: VirtualMachine,
    callback: () => void,
    options: { delayMs: unknown; repeats: boolean; id: number; ended: () => void },
  ) {
    const delay = Number(options.delayMs);
    this.#machine = machine;
    this.#callback = callback;
    this.#delayMs = delay >= 1 && delay <= TIMER_MS_MAX ? Math.trunc(delay) : 1;
    this.#repeats = options.repeats;
    this.#id = options.id;
    this.#ended = options.ended;
    this.#set();
  }

  close(): this {
    if (this.#timer !== undefined) this.#machine.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#ended();
    return this;
  }

  refresh(): this {
    if (this.#timer === undefined) return this;
    this.#machine.clearTimer(this.#timer);
    this.#set();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #set(): void {
    this.#timer = this.#machine.setTimer(this.#delayMs, () => {
      this.#timer = undefined;
      if (this.#repeats) this.#set();
      else this.#ended();
      try {
        this.#callback();
      } catch (error) {
        this.#machine.stray(error);
      }
    });
  }
}

type Callback = (...args: unknown[]) => void;

/** `setTimeout` and its kin, on the machine's clock. */
export interface VirtualTimers {
  readonly setTimeout: (callback: Callback, delayMs?: number, ...args: unknown[]) => unknown;
  readonly setInterval: (callback: Callback, delayMs?: number, ...args: unknown[]) => unknown;
  readonly setImmediate: (callback: Callback, ...args: unknown[]) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly sleep: (until?: number | Date) => Promise<void>;
}

/** Milliseconds after which `setImmediate` calls: less than any timer. */
const IMMEDIATE_MS = 0;

export function virtualTimers(machineOf: MachineOf): VirtualTimers {
  const timers = new Map<number, VirtualTimer>();
  let lastId = 0;
  const make = (
    callback: Callback,
    delayMs: unknown,
    repeats: boolean,
    args: readonly unknown[],
  ): VirtualTimer => {
    if (typeof callback !== "function") throw new TypeError("the callback must be a function");
    const id = ++lastId;
    const timer = new VirtualTimer(machineOf(), () => callback(...args), {
      delayMs,
      repeats,
      id,
      ended: () => timers.delete(id),
    });
    timers.set(id, timer);
    return timer;
  };
  return {
    setTimeout: (callback, delayMs, ...args) => make(callback, delayMs, false, args),
    setInterval: (callback, delayMs, ...args) => make(callback, delayMs, true, args),
    setImmediate: (callback, ...args) => {
      const machine = machineOf();
      let isCleared = false;
      machine.setTimer(IMMEDIATE_MS, () => {
        try {
          if (!isCleared) callback(...args);
        } catch (error) {
          machine.stray(error);
        }
      });
      return { close: () => void (isCleared = true), ref() {}, unref() {}, hasRef: () => true };
    },
    clearTimeout: (timer) => {
      const found = typeof timer === "object" ? timer : timers.get(Number(timer));
      (found as { close?(): void } | null | undefined)?.close?.();
    },
    sleep: (until) =>
      new Promise((resolve) => {
        const machine = machineOf();
        const waitMs =
          until instanceof Date ? until.getTime() - machine.wall() : Number(until ?? 0);
        machine.setTimer(Math.max(0, waitMs), resolve);
      }),
  };
}

/** Random bytes of a machine. */
export function randomBytes(machine: VirtualMachine, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(machine.random() * 256));
}

/** A random UUID, of version 4. */
export function randomUuid(machine: VirtualMachine): string {
  const bytes = randomBytes(machine, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidText(bytes);
}

/** A UUID of version 7: 48 bits of the wall clock, then randomness. */
export function timedUuid(machine: VirtualMachine): string {
  const bytes = randomBytes(machine, 16);
  const wall = Math.floor(machine.wall());
  for (let place = 0; place < 6; place++)
    bytes[place] = Math.floor(wall / 256 ** (5 - place)) & 0xff;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidText(bytes);
}

function uuidText(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The schedulers of a node as its control thread sees them: ports, pulses, and what they said when they were ready. */
import { ConfigError, type ConfigErrorCode } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Clock } from "../port/clock.ts";
import type { ThreadPort } from "../port/threads.ts";
import { Pulse } from "../scheduler/pulse.ts";
import { Requests } from "./requests.ts";
import type { HostedFunction, ToControl, ToScheduler } from "./thread-message.ts";

/** Milliseconds that schedulers have to answer a question before it goes without them. */
const ANSWER_MS = 1_000;

/** Milliseconds that schedulers have to end their processes when the node stops. */
const STOP_MS = 2_000;

interface Seen {
  readonly pulse: Pulse;
  beat: number;
  /** When `beat` was first seen, on the control thread's clock: threads do not share one. */
  at: Millis;
}

export class SchedulerGroup {
  /** Settles when every scheduler is ready or one has failed. */
  readonly ready: Promise<void>;
  /** Port of each scheduler's lane listener, index 0 for scheduler 1. */
  readonly lanePorts: number[];
  /** What can be spawned here by name. */
  functions: readonly HostedFunction[] = [];
  readonly #ports: readonly ThreadPort[];
  readonly #seen: readonly Seen[];
  readonly #clock: Clock;
  readonly #requests: Requests;
  #unready: number;
  #unstopped = 0;
  #stopped: (() => void) | undefined;

  /** `ports` and `pulses` by scheduler, index 0 for scheduler 1. */
  constructor(options: {
    readonly ports: readonly ThreadPort[];
    readonly pulses: readonly SharedArrayBuffer[];
    readonly clock: Clock;
    readonly received: (scheduler: number, message: ToControl) => void;
  }) {
    this.#ports = options.ports;
    this.#clock = options.clock;
    this.#requests = new Requests(options.clock);
    this.lanePorts = options.ports.map(() => 0);
    this.#unready = options.ports.length;
    const now = options.clock.now();
    this.#seen = options.pulses.map((shared) => ({ pulse: new Pulse(shared), beat: 0, at: now }));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    // Whoever awaits it handles the rejection; until then it is not a stray one.
    promise.catch(() => undefined);
    if (this.#unready === 0) resolve();
    for (const [place, port] of options.ports.entries()) {
      port.receive((raw) => {
        const message = raw as ToControl;
        switch (message.kind) {
          case "ready":
            this.lanePorts[place] = message.lanePort;
            this.functions = message.functions;
            this.#unready -= 1;
            if (this.#unready === 0) resolve();
            return;
          case "start_failed":
            return reject(new ConfigError(message.code as ConfigErrorCode, message.text));
          case "answer":
            return this.#requests.answer(message.id, message.ok, message.value);
          case "stopped":
            this.#unstopped -= 1;
            if (this.#unstopped === 0) this.#stopped?.();
            return;
          default:
            return options.received(place + 1, message);
        }
      });
    }
  }

  get count(): number {
    return this.#ports.length;
  }

  /** `scheduler` from 1. */
  tell(scheduler: number, message: ToScheduler): void {
    this.#ports[scheduler - 1]?.post(message);
  }

  tellAll(message: ToScheduler): void {
    for (const port of this.#ports) port.post(message);
  }

  /** One scheduler's answer; undefined when it gives none in time. */
  ask(scheduler: number, verb: string, args: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#requests.open(ANSWER_MS, (ok, value) => resolve(ok ? value : undefined));
      this.tell(scheduler, { kind: "query", id, verb, args });
    });
  }

  /** Every scheduler's answer, in order. */
  askAll(verb: string, args: unknown): Promise<readonly unknown[]> {
    return Promise.all(this.#ports.map((_port, place) => this.ask(place + 1, verb, args)));
  }

  /** For each scheduler, milliseconds since its event loop last turned, as far as can be seen from here. */
  lagMs(): readonly Millis[] {
    const now = this.#clock.now();
    return this.#seen.map((seen) => {
      const { beat } = seen.pulse;
      if (beat !== seen.beat) {
        seen.beat = beat;
        seen.at = now;
      }
      return now - seen.at;
    });
  }

  /** Ends every process; resolves when what they said is on its way, or after `STOP_MS`. */
  async stop(reason: string): Promise<void> {
    if (this.#ports.length === 0) return;
    this.#unstopped = this.#ports.length;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(STOP_MS, resolve);
      this.#stopped = () => {
        this.#clock.clearTimer(timer);
        resolve();
      };
      this.tellAll({ kind: "stop", reason });
    });
  }

  close(): void {
    this.#requests.abandon("the node stops");
    this.tellAll({ kind: "close" });
  }
}

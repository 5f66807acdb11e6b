/** The schedulers of a node as its control thread sees them: ports, and what they said when they were ready. */
import { ConfigError, type ConfigErrorCode } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import type { ThreadPort, Transfer } from "../../../port/threads.ts";
import { Requests } from "../../requests.ts";
import type { HostedFunction, ToControl, ToScheduler } from "../../thread-message.ts";

/** Milliseconds that schedulers have to answer a question before it goes without them. */
const ANSWER_MS = 1_000;

/** Milliseconds that schedulers have to end their processes when the node stops. */
const STOP_MS = 2_000;

export class SchedulerGroup {
  /** Settles when every scheduler is ready or one has failed. */
  readonly ready: Promise<void>;
  /** Port of each scheduler's lane listener, index 0 for scheduler 1. */
  readonly lanePorts: number[];
  /** What can be spawned here by name. */
  functions: readonly HostedFunction[] = [];
  readonly #ports: ThreadPort[];
  readonly #clock: Clock;
  readonly #requests: Requests;
  readonly #received: (scheduler: number, message: ToControl) => void;
  /** Who waits for each scheduler that is not ready, index 0 for scheduler 1. */
  readonly #unready: (PromiseWithResolvers<void> | undefined)[];
  #unstopped = 0;
  #stopped: (() => void) | undefined;

  /** `ports` by scheduler, index 0 for scheduler 1. */
  constructor(options: {
    readonly ports: readonly ThreadPort[];
    readonly clock: Clock;
    readonly received: (scheduler: number, message: ToControl) => void;
  }) {
    this.#ports = [...options.ports];
    this.#clock = options.clock;
    this.#received = options.received;
    this.#requests = new Requests(options.clock);
    this.lanePorts = options.ports.map(() => 0);
    this.#unready = [];
    this.ready = Promise.all(options.ports.map((port, place) => this.#listen(place, port))).then(
      () => undefined,
    );
    // Whoever awaits it handles the rejection; until then it is not a stray one.
    this.ready.catch(() => undefined);
  }

  get count(): number {
    return this.#ports.length;
  }

  /** `scheduler` from 1. */
  tell(scheduler: number, message: ToScheduler, transfer?: Transfer): void {
    this.#ports[scheduler - 1]?.post(message, transfer);
  }

  /**
   * A new thread runs in place of one that was ended; resolves when it is ready.
   * @throws {ConfigError} it could not load its modules, or did not in time
   */
  async replace(scheduler: number, port: ThreadPort, timeoutMs: Millis): Promise<void> {
    const place = scheduler - 1;
    this.#ports[place]?.close();
    this.#ports[place] = port;
    const ready = this.#listen(place, port);
    const timer = this.#clock.setTimer(timeoutMs, () =>
      this.#unready[place]?.reject(new ConfigError("module_failed", "not ready in time")),
    );
    try {
      await ready;
    } finally {
      this.#clock.clearTimer(timer);
    }
  }

  tellAll(message: ToScheduler): void {
    for (const port of this.#ports) port.post(message);
  }

  /** One scheduler's answer. @throws {Error} it says why it cannot answer, or says nothing in time */
  ask(scheduler: number, verb: string, args: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#requests.open(ANSWER_MS, (ok, value) => {
        if (ok) resolve(value);
        else if (value === "timeout")
          reject(new Error(`scheduler ${scheduler} has not answered for ${ANSWER_MS} ms`));
        else reject(new Error(String(value)));
      });
      this.tell(scheduler, { kind: "query", id, verb, args });
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

  /** Takes what a scheduler says from now on; resolves when it is ready. */
  #listen(place: number, port: ThreadPort): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#unready[place] = waiting;
    port.receive((raw) => {
      const message = raw as ToControl;
      switch (message.kind) {
        case "ready":
          this.lanePorts[place] = message.lanePort;
          this.functions = message.functions;
          return waiting.resolve();
        case "start_failed":
          return waiting.reject(new ConfigError(message.code as ConfigErrorCode, message.text));
        case "answer":
          return this.#requests.answer(message.id, message.ok, message.value);
        case "stopped":
          this.#unstopped -= 1;
          if (this.#unstopped === 0) this.#stopped?.();
          return;
        default:
          return this.#received(place + 1, message);
      }
    });
    return waiting.promise;
  }
}

/** Drives `Dialling`: finds out where a node listens, has it dialled, and tells whoever waits what came of it. */
import { ConnectionError } from "../../../base/error.ts";
import type { DialTarget, DiallingOutput } from "../../../cluster/dialling-io.ts";
import { Dialling } from "../../../cluster/dialling.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { Address } from "../../../port/transport.ts";
import { parseNodeName } from "../../../config/node-name.ts";

export interface ConnectorEvents {
  /** Connect to a node by name. */
  connect(name: string, address: Address): void;
  /** Connect to whoever is at this address; the outcome is to be told by `failed` or `connected`. */
  connectAnyone(key: string, address: Address): void;
  /** Where a node listens whose name came without a port; undefined: not known. */
  resolve(name: string): Promise<Address | undefined>;
  /** Nothing that waits for the node can be delivered. */
  unreachable(name: string, reason: string): void;
  /** A peer has told of so many nodes more than it may: they are not dialled. */
  passedOver(from: string, nodes: number): void;
}

/** Called once: a session is up, or why there is none. */
export type ConnectWaiter = (ok: boolean, reason: string) => void;

export class Connector {
  readonly #clock: Clock;
  readonly #events: ConnectorEvents;
  readonly #dialling: Dialling;
  readonly #waiting = new Map<string, ConnectWaiter[]>();
  #timer: Timer | undefined;
  #closed = false;
  #paused = false;

  constructor(options: {
    readonly self: string;
    readonly clock: Clock;
    readonly random: () => number;
    readonly events: ConnectorEvents;
  }) {
    this.#clock = options.clock;
    this.#events = options.events;
    this.#dialling = new Dialling(options.self, options.random);
  }

  /** Dials it for as long as the node lives. */
  addSeed(target: DialTarget): void {
    this.#dialling.handle({ kind: "seed", target }, this.#clock.now());
    this.#drive();
  }

  removeSeed(target: DialTarget): void {
    this.#dialling.handle({ kind: "unseed", target }, this.#clock.now());
  }

  /** A peer told of these nodes; `from` undefined: this node was connected to them before. */
  heard(from: string | undefined, targets: readonly DialTarget[]): void {
    this.#dialling.handle({ kind: "heard", from, targets }, this.#clock.now());
    this.#drive();
  }

  /** Somebody needs the node now; `node` may have a port. */
  want(node: string, waiter?: ConnectWaiter): void {
    const parsed = parseNodeName(node);
    if (parsed === undefined) return waiter?.(false, "bad_name");
    const { name, host, port } = parsed;
    if (waiter !== undefined) {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), waiter]);
    }
    const address = port === undefined ? undefined : { host, port };
    this.#dialling.handle({ kind: "wanted", target: { name, address } }, this.#clock.now());
    this.#drive();
  }

  /** A session is up; `key`: the dial without a name that led to it. */
  connected(name: string, key?: string): void {
    this.#dialling.handle({ kind: "connected", name, dialled: key }, this.#clock.now());
    for (const waiter of this.#take(name)) waiter(true, "");
    this.#drive();
  }

  lost(name: string): void {
    this.#dialling.handle({ kind: "lost", name }, this.#clock.now());
    this.#drive();
  }

  /** Not dialled again until somebody wants it. */
  dropped(name: string): void {
    this.#dialling.handle({ kind: "dropped", name }, this.#clock.now());
  }

  failed(key: string, error: { readonly code: string }): void {
    const { code: reason } = error;
    const nameTaken = reason === "name_taken";
    this.#dialling.handle({ kind: "failed", key, reason, nameTaken }, this.#clock.now());
    this.#drive();
  }

  /** On: dials nobody until it is off again; who waits goes on waiting. */
  pause(on: boolean): void {
    this.#paused = on;
    if (!on) this.#dialling.handleTimeout(this.#clock.now());
    this.#drive();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    for (const name of [...this.#waiting.keys()]) {
      for (const waiter of this.#take(name)) waiter(false, "the node stops");
    }
  }

  #take(name: string): readonly ConnectWaiter[] {
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    return waiting;
  }

  #drive(): void {
    if (this.#closed || this.#paused) return;
    for (let output = this.#dialling.pollOutput(); output; output = this.#dialling.pollOutput()) {
      this.#carryOut(output);
    }
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const due = this.#dialling.pollTimeout();
    if (due === undefined) return;
    this.#timer = this.#clock.setTimer(Math.max(0, due - this.#clock.now()), () => {
      this.#timer = undefined;
      if (this.#paused) return;
      this.#dialling.handleTimeout(this.#clock.now());
      this.#drive();
    });
  }

  #carryOut(output: DiallingOutput): void {
    switch (output.kind) {
      case "dial":
        return this.#dial(output.key, output.target);
      case "unreachable":
        return this.#unreachable(output.name, output.reason);
      case "passed_over":
        return this.#events.passedOver(output.from, output.nodes);
    }
  }

  #dial(key: string, { name, address }: DialTarget): void {
    if (name === undefined) {
      if (address !== undefined) this.#events.connectAnyone(key, address);
      return;
    }
    if (address !== undefined) return this.#events.connect(name, address);
    void this.#events.resolve(name).then((found) => {
      if (this.#closed) return;
      if (found !== undefined) return this.#events.connect(name, found);
      this.failed(key, new ConnectionError("name_unresolved", `no node ${name} is known`));
    });
  }

  #unreachable(name: string, reason: string): void {
    for (const waiter of this.#take(name)) waiter(false, reason);
    this.#events.unreachable(name, reason);
  }
}

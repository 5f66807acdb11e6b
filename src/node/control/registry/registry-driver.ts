/** Drives one node's part in the registry of its host: listens, dials the holder, and serves clients while it holds. */
import { ConfigError, ConnectionError } from "../../../base/error.ts";
import { RegistryDesk } from "../../../cluster/registry/registry-desk.ts";
import type { Registration } from "../../../cluster/registry/registry-message.ts";
import {
  Registry,
  type RegistryInput,
  type RegistryOutput,
} from "../../../cluster/registry/registry.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type { Connection, ConnectionHandler, Transport } from "../../../port/transport.ts";
import { Outbox } from "../../outbox.ts";
import { RegistryHall } from "./registry-hall.ts";

/** Where the nodes of a host meet, whatever else they listen on. */
export const REGISTRY_HOST = "127.0.0.1";

export interface RegistryWorld {
  readonly clock: Clock;
  readonly log: LogSink;
  /** Without TLS: what is said here never leaves the host but for ports of known names. */
  readonly transport: Transport;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export class RegistryDriver {
  readonly #world: RegistryWorld;
  readonly #own: Registration;
  readonly #port: number;
  readonly #registry: Registry;
  readonly #settled = Promise.withResolvers<void>();
  #isSettled = false;
  #hall: RegistryHall | undefined;
  /** To the holder. */
  #connection: Connection | undefined;
  #cancelJoin: (() => void) | undefined;
  /** Tells the holders' connections apart: one that was dropped reports nothing any more. */
  #joins = 0;
  #timer: Timer | undefined;
  #driving = false;
  #closed = false;

  constructor(world: RegistryWorld, own: Registration, port: number) {
    this.#world = world;
    this.#own = own;
    this.#port = port;
    this.#registry = new Registry(own, world.random);
    this.#settled.promise.catch(() => undefined);
  }

  /** Whether this node answers for its host. */
  get isHolding(): boolean {
    return this.#registry.state === "holding";
  }

  /**
   * Resolves when the name is registered, and also when there is no registry to be had, which is logged and tried again.
   * @throws {ConfigError} name_taken: another living node of this host has the name
   */
  start(): Promise<void> {
    this.#feed({ kind: "start" });
    return this.#settled.promise;
  }

  /** Gives up name and port. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#hall?.close();
    this.#drop();
  }

  #feed(input: RegistryInput): void {
    if (this.#closed) return;
    this.#registry.handle(input, this.#world.clock.now());
    this.#drive();
  }

  #drive(): void {
    if (this.#driving) return;
    this.#driving = true;
    for (let out = this.#registry.pollOutput(); out; out = this.#registry.pollOutput()) {
      this.#carryOut(out);
    }
    this.#driving = false;
    this.#arm();
  }

  #carryOut(output: RegistryOutput): void {
    switch (output.kind) {
      case "claim":
        return this.#claim();
      case "join":
        return this.#join();
      case "send":
        this.#send(output.bytes);
        return;
      case "drop":
        return this.#drop();
      case "settled":
        this.#world.log.write("debug", "registered on this host", { holding: output.holding });
        return this.#settle(undefined);
      case "taken":
        return this.#taken(output.port);
      case "unavailable": {
        const { reason } = output;
        const fields = { port: this.#port, reason };
        this.#world.log.write("warn", "no node registry on this host", fields);
        return this.#settle(undefined);
      }
    }
  }

  #claim(): void {
    try {
      this.#hall = new RegistryHall(this.#world, new RegistryDesk(this.#own), this.#port);
      this.#feedLater({ kind: "listening" });
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#feedLater({ kind: "not_listening", reason: error.message });
    }
  }

  /** From inside `#drive`: the loop there goes on with what this leads to. */
  #feedLater(input: RegistryInput): void {
    this.#registry.handle(input, this.#world.clock.now());
  }

  #join(): void {
    const join = ++this.#joins;
    const isCurrent = (): boolean => join === this.#joins && !this.#closed;
    const handler: ConnectionHandler = {
      opened: (connection) => {
        if (!isCurrent()) return connection.terminate();
        this.#connection = connection;
        this.#feed({ kind: "joined" });
      },
      received: (bytes) => {
        if (isCurrent()) this.#feed({ kind: "received", bytes });
      },
      drained: () => undefined,
      closed: (error) => {
        if (!isCurrent()) return;
        this.#connection = undefined;
        const reason = error?.message ?? "it closed the connection";
        this.#feed({ kind: "lost", reason });
      },
    };
    const address = { host: REGISTRY_HOST, port: this.#port };
    this.#cancelJoin = this.#world.transport.dial(address, handler).cancel;
  }

  /** One frame on a fresh socket: it always fits; if it ever does not, the holder's silence says so. */
  #send(bytes: Uint8Array): void {
    const outbox = new Outbox();
    outbox.push(bytes);
    if (this.#connection !== undefined) outbox.flush(this.#connection);
  }

  #drop(): void {
    this.#joins += 1;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) this.#cancelJoin?.();
    else connection.end();
    this.#cancelJoin = undefined;
  }

  #taken(port: number): void {
    const text = `another node ${this.#own.name} runs on this host at port ${port}`;
    if (this.#isSettled) this.#world.log.write("warn", text, { port });
    else this.#settle(new ConfigError("name_taken", `node.name: ${text}`));
  }

  #settle(error: ConfigError | undefined): void {
    this.#isSettled = true;
    if (error === undefined) this.#settled.resolve();
    else this.#settled.reject(error);
  }

  #arm(): void {
    const { clock } = this.#world;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const due = this.#registry.pollTimeout();
    if (due === undefined || this.#closed) return;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#timer = undefined;
      this.#registry.handleTimeout(clock.now());
      this.#drive();
    });
  }
}

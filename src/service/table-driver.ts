import { ReplicaSet, type ReplicaOutput } from "../cluster/replicas/replica-set.ts";
import type { ReplicaTable } from "../cluster/replicas/replica-table.ts";
import type { Millis } from "../base/millis.ts";
import type { Timer } from "../port/clock.ts";
import {
  decodeReplicaMessage,
  encodeReplicaMessage,
  type Change,
  type ReplicaMessage,
} from "../wire/replica-message.ts";
import type { ControlServiceWorld, ServicePeer } from "./service.ts";

/** Milliseconds between two warnings of one node's table: a peer whose table never fits must not fill the log. */
const TOLD_MS = 30_000;

/** What a service is told of the other nodes' entries. */
export interface TableEvents {
  changed(node: ServicePeer, changes: readonly Change[]): void;
  /** The node is gone, and all its entries with it. */
  cleared(node: ServicePeer): void;
  /** All its entries are there, for the first time since it is up. */
  current?(node: ServicePeer): void;
}

/** Drives one replicated table for a service: its messages, its timer, its warnings. */
export class TableDriver {
  readonly #name: string;
  readonly #world: ControlServiceWorld;
  readonly #events: TableEvents;
  readonly #set = new ReplicaSet();
  readonly #peers = new Map<string, ServicePeer>();
  /** When a mismatch with a connected node was last told of. */
  readonly #toldAt = new Map<string, Millis>();
  #timer: Timer | undefined;
  /** When the timer is up. */
  #timerAt = 0;
  #driving = false;

  /** `name` is for the log. */
  constructor(name: string, world: ControlServiceWorld, events: TableEvents) {
    this.#name = name;
    this.#world = world;
    this.#events = events;
  }

  /** The own entries. */
  get own(): ReplicaTable {
    return this.#set.own;
  }

  /** Entries of all nodes. */
  get count(): number {
    return this.#set.count;
  }

  /** Connected nodes whose entries are known, each with them. */
  *copies(): Iterable<readonly [ServicePeer, ReplicaTable]> {
    for (const peer of this.#peers.values()) {
      const table = this.#set.copyOf(peer.name);
      if (table !== undefined) yield [peer, table];
    }
  }

  nodeUp(peer: ServicePeer): void {
    this.#peers.set(peer.name, peer);
    this.#set.peerUp(peer.name, peer.creation, this.#world.clock.now());
    this.#drive();
  }

  nodeDown(peer: ServicePeer): void {
    this.#set.peerDown(peer.name);
    this.#drive();
    this.#peers.delete(peer.name);
    this.#toldAt.delete(peer.name);
  }

  /** Changes own entries; every connected node is told. */
  change(changes: readonly Change[]): void {
    this.#set.change(changes);
    this.#drive();
  }

  /** @throws {DecodeError} */
  receive(peer: ServicePeer, body: Uint8Array): void {
    this.#set.receive(peer.name, decodeReplicaMessage(body), this.#world.clock.now());
    this.#drive();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #drive(): void {
    // What an event leads to is carried out by the loop that is running.
    if (this.#driving) return;
    this.#driving = true;
    /** A delta goes to every peer as the same bytes. */
    const encoded = new Map<ReplicaMessage, Uint8Array>();
    try {
      for (let output = this.#set.pollOutput(); output; output = this.#set.pollOutput())
        this.#carryOut(output, encoded);
    } finally {
      // A service may refuse a value: that ends the session with its sender and nothing else.
      this.#driving = false;
      this.#arm();
    }
  }

  #carryOut(output: ReplicaOutput, encoded: Map<ReplicaMessage, Uint8Array>): void {
    if (output.kind === "send") {
      const { peer, message } = output;
      const bytes = encoded.get(message) ?? encodeReplicaMessage(message);
      encoded.set(message, bytes);
      if (!this.#world.send(peer, bytes)) this.#set.dropped(peer);
      return;
    }
    const peer = this.#peers.get(output.node);
    if (peer === undefined) return;
    switch (output.kind) {
      case "changed":
        return this.#events.changed(peer, output.changes);
      case "cleared":
        return this.#events.cleared(peer);
      case "current":
        return this.#events.current?.(peer);
      case "mismatch": {
        const { node, have, told } = output;
        const now = this.#world.clock.now();
        const isRecent = now - (this.#toldAt.get(node) ?? -Infinity) < TOLD_MS;
        if (!isRecent) this.#toldAt.set(node, now);
        const fields = { node, entries: have.count, version: have.version, told: told.version };
        const text = `the copy of a node's ${this.#name} has fallen behind and is fetched anew`;
        return this.#world.log.write(isRecent ? "debug" : "warn", text, fields);
      }
    }
  }

  #arm(): void {
    const { clock } = this.#world;
    const due = this.#set.pollTimeout();
    if (due === undefined) return this.stop();
    // One that is set for too early only looks and sets itself anew.
    if (this.#timer !== undefined && due >= this.#timerAt) return;
    this.stop();
    this.#timerAt = due;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#timer = undefined;
      this.#set.handleTimeout(clock.now());
      this.#drive();
    });
  }
}

/** The control thread's part of rooms: a table of who is in which room, one part of it on each node. */
import type { Change } from "../wire/replica-message.ts";
import { SERIAL_LIMIT } from "../term/pid.ts";
import type { ControlService, ControlServiceWorld, ServicePeer } from "./service.ts";
import { TableDriver } from "./table-driver.ts";

/** From a scheduler: its own sockets. */
export interface RoomsToControl {
  readonly changes: readonly Change[];
}

/** To every scheduler: entries of one node, or that there are none any more. */
export type RoomsToScheduler =
  | { readonly kind: "changes"; readonly node: string; readonly changes: readonly Change[] }
  | { readonly kind: "cleared"; readonly node: string };

export class RoomControl implements ControlService {
  readonly #world: ControlServiceWorld;
  readonly #table: TableDriver;

  constructor(world: ControlServiceWorld) {
    this.#world = world;
    this.#table = new TableDriver("rooms", world, {
      changed: (peer, changes) => this.#tellAll({ kind: "changes", node: peer.name, changes }),
      cleared: (peer) => this.#tellAll({ kind: "cleared", node: peer.name }),
    });
  }

  nodeUp(peer: ServicePeer): void {
    this.#table.nodeUp(peer);
  }

  nodeDown(peer: ServicePeer): void {
    this.#table.nodeDown(peer);
  }

  fromPeer(peer: ServicePeer, body: Uint8Array): void {
    this.#table.receive(peer, body);
  }

  fromScheduler(scheduler: number, message: unknown): void {
    const { changes } = message as RoomsToControl;
    this.#table.change(changes);
    for (let other = 1; other <= this.#world.schedulers; other++) {
      if (other === scheduler) continue;
      this.#tell(other, { kind: "changes", node: this.#world.node, changes });
    }
  }

  /** Its sockets went with its thread. */
  schedulerGone(scheduler: number): void {
    const changes: Change[] = [];
    for (const { bucket, member } of this.#table.own.entries()) {
      if (Math.floor(member / SERIAL_LIMIT) === scheduler) {
        changes.push({ bucket, member, value: undefined });
      }
    }
    if (changes.length > 0) this.fromScheduler(scheduler, { changes } satisfies RoomsToControl);
  }

  schedulerStarted(scheduler: number): void {
    const { node } = this.#world;
    const own = [...this.#table.own.entries()];
    this.#tell(scheduler, { kind: "changes", node, changes: own });
    for (const [peer, table] of this.#table.copies()) {
      this.#tell(scheduler, {
        kind: "changes",
        node: peer.name,
        changes: [...table.entries()],
      });
    }
  }

  stop(): void {
    this.#table.stop();
  }

  #tell(scheduler: number, message: RoomsToScheduler): void {
    this.#world.tell(scheduler, message);
  }

  #tellAll(message: RoomsToScheduler): void {
    this.#world.tellAll(message);
  }
}

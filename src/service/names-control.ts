import { GlobalNames } from "../cluster/names/global-names.ts";
import type { Asker, Holder, NamesInput, NamesOutput } from "../cluster/names/names-io.ts";
import type { Timer } from "../port/clock.ts";
import { GlobalTableWriter } from "../scheduler/global-table.ts";
import { Pid, SERIAL_LIMIT } from "../term/pid.ts";
import { decodeNameEntry, encodeNameEntry } from "../wire/name-entry.ts";
import { decodeNames, encodeNames, type NamesMessage } from "../wire/names-message.ts";
import { type Change, isReplicaMessage } from "../wire/replica-message.ts";
import type { NamesToControl, NamesToScheduler } from "./names-message.ts";
import type { NameRow } from "./query.ts";
import type { ControlService, ControlServiceWorld, ServicePeer } from "./service.ts";
import { TableDriver } from "./table-driver.ts";

/** Bytes of one message about names at most, so that ticks and others get between. */
const RECORDS_MAX = 1_024;

/** The scheduler that runs functions that decide conflicts. */
const RESOLVER = 1;

/**
 * The names service on the control thread: drives the core, tells the other nodes through a replicated table (bucket: the
 * name, member: the holder's local id, value: its entry) and messages of its own, and shows the result to the schedulers
 * in shared memory.
 */
export class NamesControl implements ControlService {
  readonly #world: ControlServiceWorld;
  readonly #core: GlobalNames;
  readonly #table: TableDriver;
  readonly #shown: GlobalTableWriter;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #isFull = false;
  #driving = false;
  // What the outputs of one event come to: sent together.
  #changes: Change[] = [];
  readonly #toPeers = new Map<string, NamesMessage[]>();
  readonly #toSchedulers = new Map<number, NamesToScheduler[]>();

  constructor(world: ControlServiceWorld) {
    const { clock, creation, fences, node } = world;
    this.#world = world;
    this.#core = new GlobalNames({
      node,
      creation,
      fences: {
        get highest() {
          return fences.highest;
        },
        next: () => fences.next(clock.wall()),
        see: (fence) => fences.see(fence),
      },
    });
    this.#shown = new GlobalTableWriter(world.globals);
    this.#table = new TableDriver("names", world, {
      changed: (peer, changes) => this.#changed(peer.name, changes),
      cleared: (peer) => this.#feed({ kind: "cleared", peer: peer.name }),
      current: (peer) => this.#feed({ kind: "in_step", peer: peer.name }),
    });
  }

  nodeUp(peer: ServicePeer): void {
    this.#feed({ kind: "node_up", peer: peer.name, creation: peer.creation });
    this.#table.nodeUp(peer);
    this.#drive();
  }

  nodeDown(peer: ServicePeer): void {
    this.#feed({ kind: "node_down", peer: peer.name });
    this.#table.nodeDown(peer);
    this.#drive();
  }

  fromPeer(peer: ServicePeer, body: Uint8Array): void {
    if (isReplicaMessage(body)) this.#table.receive(peer, body);
    else {
      for (const message of decodeNames(body)) {
        this.#feed({ kind: "message", peer: peer.name, message });
      }
    }
    this.#drive();
  }

  fromScheduler(scheduler: number, raw: unknown): void {
    for (const message of raw as readonly NamesToControl[]) this.#asked(scheduler, message);
    this.#drive();
  }

  schedulerGone(scheduler: number): void {
    this.#feed({ kind: "scheduler_gone", scheduler });
    this.#drive();
  }

  query(verb: string): unknown {
    if (verb !== "names") return undefined;
    const rows = [...this.#core.list()].map(({ name, holder }) => this.#row(name, holder));
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  stop(): void {
    this.#clearTimer();
    this.#table.stop();
  }

  #asked(scheduler: number, message: NamesToControl): void {
    switch (message.kind) {
      case "register": {
        const { id, kind: _, ...order } = message;
        return this.#feed({ kind: "register", asker: { scheduler, id }, ...order });
      }
      case "unregister": {
        const { fence, id, name, timeoutMs } = message;
        const asker: Asker = { scheduler, id };
        return this.#feed({ kind: "unregister", asker, name, fence, timeoutMs });
      }
      case "cancel":
        return this.#feed({ kind: "cancel", asker: { scheduler, id: message.id } });
      case "list": {
        const names = [...this.#core.list()].map(({ name }) => name).sort();
        return this.#tell(scheduler, { kind: "listed", id: message.id, names });
      }
      default:
        return this.#feed(message);
    }
  }

  /** @throws {DecodeError} a value is not what it should be */
  #changed(peer: string, changes: readonly Change[]): void {
    for (const { bucket: name, member: local, value } of changes) {
      const entry = value === undefined ? undefined : decodeNameEntry(value);
      this.#feed({ kind: "entry", peer, name, local, entry });
    }
  }

  #feed(input: NamesInput): void {
    this.#core.handle(input, this.#world.clock.now());
  }

  /** Carries out what the core says until it says nothing more, then arms its timer. */
  #drive(): void {
    // Changes of the table lead back here.
    if (this.#driving) return;
    this.#driving = true;
    try {
      for (let output = this.#core.pollOutput(); output; output = this.#core.pollOutput()) {
        this.#carryOut(output);
      }
      this.#flush();
    } finally {
      this.#driving = false;
    }
    this.#arm();
  }

  #carryOut(output: NamesOutput): void {
    switch (output.kind) {
      case "send":
        return append(this.#toPeers, output.peer, output.message);
      case "set":
      case "remove": {
        const value = output.kind === "set" ? encodeNameEntry(output.entry) : undefined;
        this.#changes.push({ bucket: output.name, member: output.local, value });
        return;
      }
      case "show":
        return this.#show(output.name, output.holder);
      case "answer": {
        const { answer, id, scheduler } = output;
        return this.#tell(scheduler, { kind: "answer", id, answer });
      }
      case "watch":
        return this.#watch(output.local);
      case "tell":
        return this.#tell(schedulerOf(output.local), output);
      case "resolve":
      case "abandon":
        return this.#tell(RESOLVER, output);
      case "log":
        return this.#world.log.write(output.level, output.text, output.fields);
    }
  }

  /** Changes first: whoever is told to confirm has them before. */
  #flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.#table.change(changes);
    for (const [peer, messages] of this.#toPeers) {
      for (let at = 0; at < messages.length; at += RECORDS_MAX) {
        this.#world.send(peer, encodeNames(messages.slice(at, at + RECORDS_MAX)));
      }
    }
    if (this.#toPeers.size > 0) this.#toPeers.clear();
    for (const [scheduler, messages] of this.#toSchedulers) this.#world.tell(scheduler, messages);
    if (this.#toSchedulers.size > 0) this.#toSchedulers.clear();
  }

  #show(name: string, holder: Holder | undefined): void {
    const isShown = this.#shown.set(name, holder);
    if (isShown === !this.#isFull) return;
    this.#isFull = !isShown;
    if (isShown) return;
    const fields = { name, names: this.#shown.count };
    this.#world.log.write(
      "warn",
      "no room for another global name: whereis will miss some",
      fields,
    );
  }

  #watch(local: number): void {
    const scheduler = schedulerOf(local);
    if (scheduler >= 1 && scheduler <= this.#world.schedulers) {
      return this.#tell(scheduler, { kind: "watch", local });
    }
    this.#feed({ kind: "ended", local });
  }

  #tell(scheduler: number, message: NamesToScheduler): void {
    append(this.#toSchedulers, scheduler, message);
  }

  #arm(): void {
    const due = this.#core.pollTimeout() ?? Infinity;
    // One that is set for too early only looks and sets itself anew: claims come and go faster than timers should.
    if (due >= this.#timerAt) return;
    this.#clearTimer();
    if (due === Infinity) return;
    const { clock } = this.#world;
    this.#timerAt = due;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#timer = undefined;
      this.#timerAt = Infinity;
      this.#core.handleTimeout(clock.now());
      this.#drive();
    });
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #row(name: string, { creation, entry, local, node }: Holder): NameRow {
    const pid = Pid.fromRemote(node, creation, local, this.#world.identities);
    return { name, node, pid: pid.toString(), fence: entry.fence };
  }
}

const schedulerOf = (local: number): number => Math.floor(local / SERIAL_LIMIT);

function append<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

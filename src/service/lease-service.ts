/** Drives `session/lease.ts` for every peer: probes, and tells the schedulers until when the children of its supervisors may run. */
import type { Millis } from "../base/millis.ts";
import type { Clock, Timer } from "../port/clock.ts";
import type { SchedulerEvents } from "../scheduler/events.ts";
import {
  leaseAsked,
  leaseEchoed,
  leaseUntil,
  renewalDue,
  wantLease,
  type LeaseState,
} from "../session/lease.ts";
import type {
  ControlService,
  ControlServiceWorld,
  SchedulerService,
  SchedulerServiceWorld,
  ServicePeer,
} from "./service.ts";

/** What a scheduler's part says. */
export type LeaseWish =
  /** Children of supervisors on a node are here, or are about to be. `now`: the scheduler's clock when it said this. */
  | {
      readonly kind: "want";
      readonly node: string;
      readonly leaseMs: Millis;
      readonly now: Millis;
    }
  /** Whether that start of the node has ended is to be found out. */
  | { readonly kind: "doubt"; readonly node: string; readonly creation: number };

/** What schedulers are told. */
export type LeaseNews =
  /** Until when children of that node's supervisors may run, on the scheduler's own clock. */
  | { readonly kind: "until"; readonly node: string; readonly until: Millis }
  | { readonly kind: "gone"; readonly node: string; readonly creation: number };

/** Milliseconds between two refused dials that say that a node is gone, as within a session (D3). */
const REFUSED_AGAIN_MS = 25;

/** Nodes that were lost and may be asked about; one that is forgotten is given up by time alone. */
const LOST_MAX = 1_024;

/** The leases of one peer. */
interface PeerLease {
  state: LeaseState;
  /** Who wants it. */
  readonly schedulers: Set<number>;
}

export class LeaseService implements ControlService {
  readonly #world: ControlServiceWorld;
  readonly #peers = new Map<string, PeerLease>();
  readonly #up = new Map<string, ServicePeer>();
  /** The last incarnation of those that were up. */
  readonly #lost = new Map<string, ServicePeer>();
  readonly #doubted = new Set<ServicePeer>();
  /**
   * What has to be added to this thread's clock to get a scheduler's: too little by as long as its message took, so a time
   * that is translated is early rather than late. The greatest one is the best.
   */
  readonly #offsets = new Map<number, Millis>();
  #timer: Timer | undefined;

  constructor(world: ControlServiceWorld) {
    this.#world = world;
  }

  nodeUp(peer: ServicePeer): void {
    this.#up.set(peer.name, peer);
    this.#lost.delete(peer.name);
  }

  nodeDown(peer: ServicePeer): void {
    this.#up.delete(peer.name);
    this.#lost.delete(peer.name);
    this.#lost.set(peer.name, peer);
    const [oldest] = this.#lost.keys();
    if (this.#lost.size > LOST_MAX && oldest !== undefined) this.#lost.delete(oldest);
    this.#peers.delete(peer.name);
    this.#arm();
  }

  fromPeer(): void {
    // Everything that has to be said is in the ticks.
  }

  fromScheduler(scheduler: number, message: unknown): void {
    const wish = message as LeaseWish;
    if (wish.kind === "doubt") return this.#doubt(wish.node, wish.creation);
    const { node, leaseMs, now: theirs } = wish;
    const now = this.#world.clock.now();
    const offset = theirs - now;
    this.#offsets.set(scheduler, Math.max(offset, this.#offsets.get(scheduler) ?? offset));
    if (!this.#up.has(node)) return;
    const known = this.#peers.get(node);
    const state = wantLease(known?.state, leaseMs, now);
    if (known === undefined) this.#peers.set(node, { state, schedulers: new Set([scheduler]) });
    else {
      known.state = leaseAsked(state, now);
      known.schedulers.add(scheduler);
    }
    this.#world.probe(node);
    this.#arm();
  }

  ticked(peer: ServicePeer, echo: Millis): void {
    const lease = this.#peers.get(peer.name);
    if (lease === undefined) return;
    const state = leaseEchoed(lease.state, echo);
    if (state === lease.state) return;
    lease.state = state;
    const until = leaseUntil(state);
    if (until === undefined || until <= this.#world.clock.now()) return;
    for (const scheduler of lease.schedulers) {
      const theirs = until + this.#offsets.get(scheduler)!;
      const news: LeaseNews = { kind: "until", node: peer.name, until: theirs };
      this.#world.tell(scheduler, news);
    }
  }

  /** Two refused dials of where it listened, with no session between them: it is gone. */
  #doubt(node: string, creation: number): void {
    const peer = this.#lost.get(node);
    if (peer?.address === undefined || peer.creation !== creation || this.#doubted.has(peer))
      return;
    this.#doubted.add(peer);
    const { address } = peer;
    const { clock } = this.#world;
    const isRefused = (): Promise<boolean> => this.#world.isRefused(address);
    void (async () => {
      if (await isRefused()) {
        await new Promise<void>((resolve) => clock.setTimer(REFUSED_AGAIN_MS, resolve));
        if (this.#lost.get(node) === peer && (await isRefused())) this.#gone(peer);
      }
      this.#doubted.delete(peer);
    })();
  }

  #gone(peer: ServicePeer): void {
    const { name: node, creation } = peer;
    if (this.#lost.get(node) !== peer) return;
    this.#lost.delete(node);
    const news: LeaseNews = { kind: "gone", node, creation };
    this.#world.tellAll(news);
  }

  schedulerGone(scheduler: number): void {
    // The thread that takes its place has a clock of its own.
    this.#offsets.delete(scheduler);
    for (const lease of this.#peers.values()) lease.schedulers.delete(scheduler);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#peers.clear();
  }

  #arm(): void {
    const { clock } = this.#world;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    let due = Infinity;
    for (const { state } of this.#peers.values()) due = Math.min(due, renewalDue(state));
    if (due === Infinity) return;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => this.#renew());
  }

  #renew(): void {
    this.#timer = undefined;
    const now = this.#world.clock.now();
    for (const [name, lease] of this.#peers) {
      if (now < renewalDue(lease.state)) continue;
      lease.state = leaseAsked(lease.state, now);
      this.#world.probe(name);
    }
    this.#arm();
  }
}

/** The scheduler's part: hands the control thread's word to the scheduler. */
export function leasesOf(world: SchedulerServiceWorld): SchedulerService {
  return {
    receive: (message) => {
      const news = message as LeaseNews;
      const { leased, peers } = world.host();
      if (news.kind === "until") leased.renewed(news.node, news.until);
      else peers.gone(news.node, news.creation);
    },
    // The scheduler counts them itself.
    size: 0,
  };
}

/** What a scheduler says about leases, on its way to the control thread's part. */
export function leaseEvents(
  clock: Clock,
  tell: (wish: LeaseWish) => void,
): Required<Pick<SchedulerEvents, "leaseWanted" | "nodeDoubted">> {
  return {
    leaseWanted: (node, leaseMs) => tell({ kind: "want", node, leaseMs, now: clock.now() }),
    nodeDoubted: (node, creation) => tell({ kind: "doubt", node, creation }),
  };
}

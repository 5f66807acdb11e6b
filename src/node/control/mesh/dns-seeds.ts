/**
 * Keeps the seeds behind a DNS name: looks the name up again and again, adds what is new and takes back what is gone.
 * While nothing changes the looks grow further apart; a lost session is a reason to look at once.
 */
import { messageOf } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { DialTarget } from "../../../cluster/dialling-io.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { Dns } from "../../../port/dns.ts";
import type { LogSink } from "../../../port/log.ts";
import type { Address } from "../../../port/transport.ts";
import type { ControlWorld } from "../control-world.ts";

/** Milliseconds between two looks at the least: what changes now was asked for a second ago at the most. */
const LOOK_MS_MIN = 1_000;
/** The longest wait between two looks, jitter left aside: a new node is found within this without being told of. */
const LOOK_MS_MAX = 10_000;
/** Addresses behind one name: a cluster is a full mesh, larger ones would not work anyway. */
const ADDRESSES_MAX = 1_024;

/** Where the seeds go. */
export interface SeedKeeper {
  addSeed(target: DialTarget): void;
  removeSeed(target: DialTarget): void;
}

export interface DnsSeedsOptions {
  /** The name to look up, and the port of every node behind it. */
  readonly place: Address;
  readonly dns: Dns;
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: LogSink;
  readonly seeds: SeedKeeper;
}

export class DnsSeeds {
  readonly #options: DnsSeedsOptions;
  #known: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;
  /** When the last look began; undefined before the first. */
  #lookedAt: Millis | undefined;
  #isLooking = false;
  #isWanted = false;
  #waitMs = LOOK_MS_MIN;
  /** Whether the last look failed, and that has been said. */
  #hasFailed = false;
  #isClosed = false;

  /** For a node's configuration; undefined: it has no DNS name. */
  static start(
    place: Address | undefined,
    world: Pick<ControlWorld, "dns" | "clock" | "log" | "entropy">,
    seeds: SeedKeeper,
  ): DnsSeeds | undefined {
    const { dns, clock, log, entropy } = world;
    const random = (): number => entropy.random();
    return place && new DnsSeeds({ place, dns, clock, log, random, seeds });
  }

  /** Looks at once. */
  constructor(options: DnsSeedsOptions) {
    this.#options = options;
    this.#look();
  }

  /** Something changed in the cluster: look again at once, though not more often than every second. */
  lookSoon(): void {
    this.#waitMs = LOOK_MS_MIN;
    if (this.#isLooking) this.#isWanted = true;
    else this.#arm(Math.max(0, (this.#lookedAt ?? 0) + LOOK_MS_MIN - this.#options.clock.now()));
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { dns, place, clock } = this.#options;
    this.#timer = undefined;
    this.#isLooking = true;
    this.#lookedAt = clock.now();
    dns.addresses(place.host).then(
      (found) => this.#looked(found),
      (error: unknown) => this.#failed(messageOf(error)),
    );
  }

  #looked(found: readonly string[]): void {
    if (this.#isClosed) return;
    // A name without addresses is one that the resolver lost: the nodes behind it are not gone for that.
    if (found.length === 0) return this.#failed("no address");
    const { seeds, log, place } = this.#options;
    const now = new Set(found.slice(0, ADDRESSES_MAX));
    const added = [...now].filter((host) => !this.#known.has(host));
    const removed = [...this.#known].filter((host) => !now.has(host));
    this.#known = now;
    for (const host of removed) seeds.removeSeed(this.#target(host));
    for (const host of added) seeds.addSeed(this.#target(host));
    const isChanged = added.length + removed.length > 0;
    if (isChanged || this.#hasFailed) {
      log.write("debug", "seeds from dns", { host: place.host, seeds: [...now].sort() });
    }
    this.#hasFailed = false;
    this.#again(isChanged);
  }

  #failed(text: string): void {
    if (this.#isClosed) return;
    const { log, place } = this.#options;
    const level = this.#hasFailed ? "debug" : "warn";
    log.write(level, "cluster.dns cannot be resolved", { host: place.host, error: text });
    this.#hasFailed = true;
    this.#again(false);
  }

  #again(isChanged: boolean): void {
    this.#isLooking = false;
    this.#waitMs = isChanged ? LOOK_MS_MIN : Math.min(LOOK_MS_MAX, this.#waitMs * 2);
    if (this.#isWanted) {
      this.#isWanted = false;
      return this.lookSoon();
    }
    this.#arm(this.#waitMs * (0.5 + this.#options.random()));
  }

  #arm(afterMs: Millis): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = clock.setTimer(afterMs, () => this.#look());
  }

  #target(host: string): DialTarget {
    return { name: undefined, address: { host, port: this.#options.place.port } };
  }
}

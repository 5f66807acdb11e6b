import { Deadline } from "../../base/deadlines.ts";
import { StartError } from "../../base/error.ts";
import { CALL_MS } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { Caller, ProcessFunction } from "../../process/api.ts";
import { ProcessContext } from "../../process/context.ts";
import { nodeNameOf } from "../../process/target.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { PeerSession, PeerWatcher } from "../../process/peer-session.ts";
import type { Process } from "../../process/process.ts";
import { lookup } from "../../process/registry.ts";
import { answerWithin } from "../answer-within.ts";
import type { ChildData } from "./child.ts";
import { orderOf, pauseMs, type PlacementView } from "./placement.ts";
import { Stay } from "./stay.ts";
import { task } from "../task.ts";

/** Milliseconds that a node has to answer when it is looked for. */
const CONNECT_MS = 10_000;

/** Whether a child has a place of its own, and is not simply beside its supervisor. */
export const isPlaced = ({ on, placement }: ChildData): boolean =>
  on.length > 0 || placement !== undefined;

/**
 * Where the children of one supervisor are, were, and can go. Knows of each child that has a place whether an earlier process
 * of it may still run where nobody hears of it, and finds nodes that can be reached, at a pace.
 */
export class ChildPlaces {
  readonly #ctx: ProcessContext;
  readonly #process: Process;
  /** The latest start of each child. */
  readonly #stays = new Map<string, Stay>();
  /** Where each child was last started; with a port if it was given one. */
  readonly #last = new Map<string, string>();
  /** Where a child was when its node was lost to it, until it runs again. */
  readonly #lost = new Map<string, string>();
  readonly #searches = new Map<number, Search>();
  #isTidy = true;

  constructor(ctx: ProcessContext) {
    this.#ctx = ctx;
    this.#process = ProcessContext.process(ctx);
  }

  /** Where a child is, or was last. */
  lastOf(id: string): string | undefined {
    const last = this.#last.get(id);
    return last === undefined ? undefined : this.#nameOf(last);
  }

  /** An earlier process of the child may still run: no other one may begin. */
  isLost(id: string): boolean {
    return this.#stays.get(id)?.isLost === true;
  }

  /**
   * Where the child's next start is to be tried, in this order, as they were given.
   * @throws {StartError} noconnection: no node was named; timeout: a placement function did not answer; and whatever it throws
   */
  async nodesOf(spec: ChildData): Promise<readonly string[]> {
    const last = this.#last.get(spec.id);
    // A child that waits for its node goes nowhere else once it has been there.
    if (spec.onNodeDown === "wait" && last !== undefined) return [last];
    const preferred = spec.placement === undefined ? spec.on : await this.#place(spec, last);
    if (preferred.length === 0) {
      throw new StartError("noconnection", `child ${spec.id}: no node was named for it`);
    }
    return orderOf(preferred, this.#lost.get(spec.id), (node) => this.isReachable(node));
  }

  /** This node, or one with a session. */
  isReachable(node: string): boolean {
    return this.#isHere(node) || this.#isUp(node);
  }

  /** A start of the child on a node begins. */
  begin(spec: ChildData, node: string, shutdownMs: Millis): Stay | undefined {
    this.#last.set(spec.id, node);
    if (this.#isHere(node)) return undefined;
    this.#tidyLater();
    const ended = (stay: Stay): void => {
      if (this.#stays.get(spec.id) === stay) this.#stays.delete(spec.id);
      for (const search of this.#searches.values()) if (search.spec.id === spec.id) search.step();
    };
    const stay = new Stay(this.#process, this.#nameOf(node), shutdownMs, ended);
    this.#stays.set(spec.id, stay);
    return stay;
  }

  /** The child runs. */
  started(id: string): void {
    this.#lost.delete(id);
  }

  /** The child's process has ended. */
  ended(id: string, reason: unknown): void {
    const last = this.#last.get(id);
    if (reason === "noconnection" && last !== undefined) this.#lost.set(id, last);
    this.#stays.get(id)?.ended(reason);
  }

  forget(id: string): void {
    this.#last.delete(id);
    this.#lost.delete(id);
  }

  /** Calls `found` once when the child can be started somewhere, not before `afterMs`. */
  search(spec: ChildData, token: number, afterMs: Millis, found: () => void): void {
    this.#tidyLater();
    const search = new Search(this, spec, () => {
      this.#searches.delete(token);
      found();
    });
    this.#searches.set(token, search);
    search.begin(afterMs);
  }

  abandon(token: number): void {
    this.#searches.get(token)?.close();
    this.#searches.delete(token);
  }

  /** For a search: the process, the node that an earlier start may still run on, and the way to a node. */
  get process(): Process {
    return this.#process;
  }

  lostNodeOf(id: string): string | undefined {
    const stay = this.#stays.get(id);
    return stay?.isLost === true ? (this.#last.get(id) ?? stay.node) : undefined;
  }

  async connect(node: string): Promise<boolean> {
    if (this.isReachable(node)) return true;
    try {
      await this.#process.host.services.node.connect(node, { timeoutMs: CONNECT_MS });
      return true;
    } catch {
      return false;
    }
  }

  doubt(node: string): void {
    this.#process.host.peers.doubt(this.#nameOf(node));
  }

  watch(node: string, watcher: PeerWatcher): void {
    this.#process.host.peers.watch(this.#nameOf(node), watcher);
  }

  unwatch(node: string, watcher: PeerWatcher): void {
    this.#process.host.peers.unwatch(this.#nameOf(node), watcher);
  }

  async #place(spec: ChildData, last: string | undefined): Promise<readonly string[]> {
    const { host } = this.#process;
    const view: PlacementView = {
      id: spec.id,
      nodes: [host.nodeName, ...host.peers.connected()],
      last: last === undefined ? undefined : this.#nameOf(last),
    };
    const { placement } = spec;
    let chosen: unknown;
    if (typeof placement === "function") {
      const late = (): StartError =>
        new StartError("timeout", `child ${spec.id}: its placement did not answer in time`);
      const answer = Promise.resolve(placement(view));
      chosen = await answerWithin(host, CALL_MS, answer, late);
    } else {
      const entry = lookup(placement!, host.definitions);
      if (entry === undefined) throw new StartError("undef", `no function ${placement} is defined`);
      const by = this.#ctx as unknown as Caller;
      const run = entry.run as unknown as ProcessFunction<never, [PlacementView]>;
      chosen = await task(by, run, [view]);
    }
    const nodes: readonly unknown[] = Array.isArray(chosen) ? chosen : [chosen];
    if (!nodes.every((node) => typeof node === "string")) {
      throw new StartError(
        "badarg",
        `child ${spec.id}: a placement names nodes, got ${typeof chosen}`,
      );
    }
    return nodes;
  }

  #nameOf(node: string): string {
    return nodeNameOf(node, this.#process.host);
  }

  #isHere(node: string): boolean {
    return this.#nameOf(node) === this.#process.host.nodeName;
  }

  #isUp(node: string): boolean {
    return this.#process.host.peers.sessionOf(this.#nameOf(node)) !== undefined;
  }

  /** Nothing is watched for a supervisor that is no more. */
  #tidyLater(): void {
    if (!this.#isTidy) return;
    this.#isTidy = false;
    this.#ctx.signal.addEventListener("abort", () => {
      for (const search of this.#searches.values()) search.close();
      this.#searches.clear();
      for (const stay of [...this.#stays.values()]) stay.close();
    });
  }
}

/** The look for a node where one child can be started. */
class Search extends Deadline implements PeerWatcher {
  readonly spec: ChildData;
  readonly #places: ChildPlaces;
  readonly #found: () => void;
  #watched: readonly string[] = [];
  #attempt = 0;
  #isLooking = false;
  /** Somebody has news while it looks: it has to look again. */
  #lookAgain = false;
  #isOver = false;
  /** Whatever the news: the budget for lost nodes is used up until then. */
  #notBefore: Millis = 0;

  constructor(places: ChildPlaces, spec: ChildData, found: () => void) {
    super();
    this.#places = places;
    this.spec = spec;
    this.#found = found;
  }

  begin(afterMs: Millis): void {
    const { host } = this.#places.process;
    this.#notBefore = host.now() + afterMs;
    if (afterMs > 0) host.setDeadline(this, afterMs);
    else this.step();
  }

  override expired(): void {
    this.step();
  }

  sessionUp(_session: PeerSession): void {
    this.step();
  }

  nodeGone(): void {
    this.step();
  }

  close(): void {
    this.#isOver = true;
    this.#unwatch();
    this.#places.process.host.clearDeadline(this);
  }

  /** Looks now. */
  step(): void {
    const { host, life } = this.#places.process;
    if (this.#isOver || life !== LIFE_RUNNING || host.now() < this.#notBefore) return;
    if (this.#isLooking) {
      this.#lookAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#look().then((isFound) => this.#looked(isFound));
  }

  async #look(): Promise<boolean> {
    const lost = this.#places.lostNodeOf(this.spec.id);
    if (lost !== undefined) {
      // Whether the node answers, or is found to be gone: both end the wait.
      this.#places.doubt(lost);
      void this.#places.connect(lost);
      return false;
    }
    let nodes: readonly string[];
    try {
      nodes = await this.#places.nodesOf(this.spec);
    } catch {
      // The start will fail for the same reason, and is counted as a failed start.
      return true;
    }
    this.#watch(nodes);
    for (const node of nodes) {
      // oxlint-disable-next-line no-await-in-loop -- the preferred one first
      if (await this.#places.connect(node)) return true;
      if (this.#isOver) return false;
    }
    return false;
  }

  #looked(isFound: boolean): void {
    this.#isLooking = false;
    const { process } = this.#places;
    if (this.#isOver || process.life !== LIFE_RUNNING) return;
    if (isFound) {
      this.close();
      return this.#found();
    }
    if (this.#lookAgain) {
      this.#lookAgain = false;
      return this.step();
    }
    process.host.setDeadline(this, pauseMs(++this.#attempt));
  }

  #watch(nodes: readonly string[]): void {
    this.#unwatch();
    this.#watched = nodes;
    for (const node of nodes) this.#places.watch(node, this);
  }

  #unwatch(): void {
    for (const node of this.#watched) this.#places.unwatch(node, this);
    this.#watched = [];
  }
}

import { MisuseError } from "../../base/error.ts";
import type { Pid } from "../../term/pid.ts";
import type { Monitored, Place, StartOptions, Wait } from "../../process/api.ts";
import { handleLink, handleMonitor } from "../../process/bonds.ts";
import type { PlacedSpawns, ProcessHost } from "../../process/host.ts";
import type { Process } from "../../process/process.ts";
import type { ChildTerms, SignalOf, SpawnResult } from "../../process/signal.ts";
import type { LeasedChildren } from "../leased-children.ts";
import { assertArgs, placeOf } from "./place.ts";
import type { SpawnSignals } from "../routing.ts";
import { bodyOf } from "./rpc.ts";
import { SpawnRequests } from "./spawn-requests.ts";

/** What `spawnOn` takes: from a supervisor also the terms of its child. */
export type PlaceOptions = StartOptions & { readonly child?: ChildTerms };

/** Spawning at a place: the asking side, and the side that is asked. */
export class Spawning implements PlacedSpawns, SpawnSignals {
  readonly #host: ProcessHost;
  readonly #leased: LeasedChildren;
  readonly #index: number;
  readonly #schedulers: number;
  readonly #requests: SpawnRequests;
  readonly #refused: (functionName: string, from: Pid) => void;
  /** Whose turn it is when the place is left to the node; each scheduler begins with itself. */
  #spreadNext: number;

  /** `refused` is told of requests for functions that are not defined here. */
  constructor(
    host: ProcessHost,
    leased: LeasedChildren,
    index: number,
    schedulers: number,
    refused: (functionName: string, from: Pid) => void,
  ) {
    this.#host = host;
    this.#leased = leased;
    this.#refused = refused;
    this.#index = index;
    this.#schedulers = schedulers;
    this.#requests = new SpawnRequests(host);
    this.#spreadNext = index;
  }

  /** Requests without a reply. */
  get pending(): number {
    return this.#requests.size;
  }

  spawnOn(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    options: PlaceOptions,
  ): Promise<Pid<unknown>> {
    return this.#checked(by, where, args, (place) =>
      this.#requests.spawn(by, place, functionName, args, options),
    );
  }

  spawnMonitored(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    options: StartOptions,
  ): Promise<Monitored<unknown>> {
    return this.#checked(by, where, args, (place) =>
      this.#requests.spawnMonitored(by, place, functionName, args, options),
    );
  }

  rpc(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    wait: Wait,
  ): Promise<unknown> {
    return this.#checked(by, where, args, (place) =>
      this.#requests.rpc(by, place, functionName, args, wait),
    );
  }

  nodeDown(node: string): void {
    this.#requests.nodeDown(node);
  }

  schedulerDown(scheduler: number): void {
    this.#requests.schedulerDown(this.#host.nodeName, scheduler);
  }

  replied(signal: SignalOf<"spawn_reply">): void {
    this.#requests.replied(signal.ref, signal.result);
  }

  requested(signal: SignalOf<"spawn_request">): void {
    const host = this.#host;
    if (signal.node !== host.nodeName) {
      host.outbound.signal(signal);
      return;
    }
    const scheduler = this.schedulerFor(signal);
    const { from, ref } = signal;
    if (scheduler > this.#schedulers) {
      const result = { ok: false, code: "badarg" } as const;
      host.dispatch({ kind: "spawn_reply", from: undefined, to: from, ref, result });
    } else if (scheduler !== this.#index) {
      host.outbound.signal({ ...signal, scheduler });
    } else {
      this.#admit(signal);
    }
  }

  /** Which scheduler of this node is to spawn. */
  schedulerFor({ scheduler }: SignalOf<"spawn_request">): number {
    return scheduler === "spread" ? this.#spread() : scheduler;
  }

  /** A child of a supervisor elsewhere starts when there is a lease for it. */
  #admit(signal: SignalOf<"spawn_request">): void {
    const { from, options, ref } = signal;
    const start = (): void => {
      const result = this.#spawn(signal);
      const child = result.ok ? result.pid : undefined;
      this.#host.dispatch({ kind: "spawn_reply", from: child, to: from, ref, result });
    };
    if (options.child === undefined || from.isLocal()) start();
    else this.#leased.admit(from.node, options.child, start);
  }

  #spread(): number {
    const scheduler = this.#spreadNext;
    this.#spreadNext = (scheduler % this.#schedulers) + 1;
    return scheduler;
  }

  #spawn(signal: SignalOf<"spawn_request">): SpawnResult {
    const { args, from, functionName, options, ref } = signal;
    const body = bodyOf(functionName, this.#host.definitions);
    if (body === undefined) {
      this.#refused(functionName, from);
      return { ok: false, code: "undef" };
    }
    if (!Array.isArray(args)) return { ok: false, code: "badarg" };
    const { name, mailboxMax, child: terms } = options;
    const plan = { functionName, parent: from, name, mailboxMax };
    let child: Process;
    try {
      child = this.#host.spawn(
        body,
        args,
        terms === undefined ? plan : { ...plan, fence: terms.fence },
      );
    } catch (error) {
      if (error instanceof MisuseError) return { ok: false, code: "name_taken" };
      throw error;
    }
    if (terms !== undefined) this.#leased.add(child, from, terms, from.isLocal());
    if (options.link) handleLink(child, from);
    if (options.monitor) handleMonitor(child, { from, ref, target: child.pid });
    return { ok: true, pid: child.pid };
  }

  #checked<R>(
    by: Process,
    where: Place,
    args: readonly unknown[],
    ask: (place: ReturnType<typeof placeOf>) => Promise<R>,
  ): Promise<R> {
    try {
      assertArgs(args);
      const place = placeOf(where, this.#host, this.#index);
      if (place.node !== this.#host.nodeName || place.scheduler !== "spread") return ask(place);
      return ask({ node: place.node, scheduler: this.#spread() });
    } catch (error) {
      this.#host.reports.blame(error, by);
      return Promise.reject(error);
    }
  }
}

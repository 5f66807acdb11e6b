import { LaneFullError } from "../../base/error.ts";
import { CALL_MS } from "../../base/limits.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import type { Monitored, StartOptions, Wait } from "../../process/api.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import type { ProcessHost } from "../../process/host.ts";
import { LaneWait } from "../../process/pending.ts";
import { mailboxMaxOf } from "../../process/mailbox.ts";
import type { Process } from "../../process/process.ts";
import { nameText } from "../../process/registry.ts";
import type { Signal, SpawnRequestOptions, SpawnResult } from "../../process/signal.ts";
import { decode, encode } from "../../term/stf.ts";
import type { PlainPlace } from "./place.ts";
import { RPC_FUNCTION } from "./rpc.ts";
import {
  MonitoredRequest,
  PidRequest,
  type Requester,
  RpcRequest,
  type SpawnBonds,
  type SpawnRequest,
  type SpawnWait,
  type WaitTable,
} from "./spawn-waits.ts";
import type { PlaceOptions } from "./spawning.ts";

type SpawnSignal = Extract<Signal, { kind: "spawn_request" }>;

/** A child with bonds that nobody waits for any more: they end as soon as its pid is known. */
interface Abandoned extends Requester {
  readonly parent: Pid;
  readonly reason: ExitReason;
}

/**
 * Spawns elsewhere that are not answered yet. A request ends with its reply, its time-out, its caller, or the session;
 * a linked child that comes too late hears why. Source: OTP, erlang:spawn_request/5 and spawn_request_abandon/1.
 */
export class SpawnRequests implements WaitTable {
  readonly #host: ProcessHost;
  readonly #requesters = new Map<number, Requester>();
  /** Requests that have not left, because the lane is at its hard limit. */
  readonly #unsent = new Map<SpawnWait, LaneWait>();

  constructor(host: ProcessHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#requesters.size;
  }

  /** @returns promise of the child's pid; rejects with `SpawnError` */
  spawn(
    by: Process,
    place: PlainPlace,
    functionName: string,
    args: readonly unknown[],
    options: PlaceOptions,
  ): Promise<Pid<unknown>> {
    const request = new PidRequest(this, by, place, functionName, options.link === true);
    this.#ask(request, place, args, options);
    return request.promise;
  }

  /** The same with a monitor: the request's own ref is that of the monitor. */
  spawnMonitored(
    by: Process,
    place: PlainPlace,
    functionName: string,
    args: readonly unknown[],
    options: StartOptions,
  ): Promise<Monitored<unknown>> {
    const request = new MonitoredRequest(this, by, place, functionName, options.link === true);
    this.#ask(request, place, args, options);
    return request.promise;
  }

  #ask(
    request: SpawnRequest<unknown>,
    place: PlainPlace,
    args: readonly unknown[],
    options: PlaceOptions,
  ): void {
    const { child, name, mailboxMax } = options;
    // Before it waits: what is refused here is nobody's to time out later.
    const spawn = {
      link: options.link === true,
      monitor: request.monitor,
      name: name === undefined ? undefined : nameText(name),
      mailboxMax: mailboxMaxOf(mailboxMax),
      ...(child !== undefined && { child }),
    };
    request.begin(options, CALL_MS);
    if (!request.settled) this.#send(request, place, request.functionName, args, spawn);
  }

  /** Runs a function there for its value; rejects with `CallError`. */
  rpc(
    by: Process,
    place: PlainPlace,
    functionName: string,
    args: readonly unknown[],
    wait: Wait,
  ): Promise<unknown> {
    const request = new RpcRequest(this, by, place, functionName);
    request.begin(wait, CALL_MS);
    if (request.settled) return request.promise;
    const options = { link: false, monitor: true, name: undefined, mailboxMax: undefined };
    const timeoutMs = wait.timeoutMs ?? CALL_MS;
    // The time that the caller waits goes along: who works longer over there works for nobody.
    const deadline = Number.isFinite(timeoutMs) ? [timeoutMs] : [];
    const rpcArgs = [functionName, args, request.alias, ...deadline];
    this.#send(request, place, RPC_FUNCTION, rpcArgs, options);
    return request.promise;
  }

  /** A reply has come. */
  replied(ref: Ref, result: SpawnResult): void {
    const requester = this.#requesters.get(ref.id);
    this.#requesters.delete(ref.id);
    requester?.replied(result);
  }

  /** The session with a node is over: no reply of it will come. */
  nodeDown(node: string): void {
    this.#lost((requester) => requester.node === node);
  }

  /** Another scheduler of this node was ended. */
  schedulerDown(node: string, scheduler: number): void {
    this.#lost((requester) => requester.node === node && requester.scheduler === scheduler);
  }

  #lost(isLost: (requester: Requester) => boolean): void {
    for (const [id, requester] of [...this.#requesters]) {
      if (!isLost(requester)) continue;
      this.#requesters.delete(id);
      requester.replied({ ok: false, code: "noconnection" });
    }
  }

  left(request: SpawnWait, reason: ExitReason, bonds: SpawnBonds): void {
    const unsent = this.#unsent.get(request);
    this.#unsent.delete(request);
    unsent?.succeed(undefined);
    const { link, monitor } = bonds;
    if (!this.#requesters.delete(request.ref.id) || unsent !== undefined) return;
    if (!link && !monitor) return;
    const { ref } = request;
    const { host, pid: parent } = request.process;
    const abandoned: Abandoned = {
      node: request.node,
      scheduler: request.scheduler,
      parent,
      reason,
      replied: (result) => {
        if (!result.ok) return;
        if (monitor) host.dispatch({ kind: "demonitor", from: parent, to: result.pid, ref });
        if (!link) return;
        host.dispatch({ kind: "link_exit", from: parent, to: result.pid, reason });
      },
    };
    this.#requesters.set(ref.id, abandoned);
  }

  #send(
    request: SpawnWait,
    place: PlainPlace,
    functionName: string,
    args: readonly unknown[],
    options: SpawnRequestOptions,
  ): void {
    const { ref } = request;
    this.#requesters.set(ref.id, request);
    const from = request.process.pid;
    this.#dispatch(request, {
      ...place,
      kind: "spawn_request",
      from,
      ref,
      functionName,
      args,
      options,
    });
  }

  #dispatch(request: SpawnWait, signal: SpawnSignal): void {
    const { copy } = this.#host;
    try {
      const own = copy === undefined ? signal : { ...signal, args: copy(signal.args) as unknown[] };
      this.#host.dispatch(own);
    } catch (error) {
      const { node } = signal;
      const scheduler = signal.scheduler === "spread" ? undefined : signal.scheduler;
      if (error instanceof LaneFullError && !this.#host.outbound.ready(node, scheduler)) {
        return this.#dispatchLater(request, signal, scheduler);
      }
      this.#requesters.delete(signal.ref.id);
      request.fail(error);
    }
  }

  /** Waits until the lane has room, for as long as the request waits. What it was given counts as it is now. */
  #dispatchLater(request: SpawnWait, signal: SpawnSignal, scheduler: number | undefined): void {
    const { identities } = this.#host;
    const args = decode(encode(signal.args), { identities }) as readonly unknown[];
    const room = new LaneWait(request.process);
    room.begin(undefined, Infinity);
    this.#unsent.set(request, room);
    this.#host.awaitLane(room, signal.node, scheduler);
    const sendNow = (): void => {
      // Otherwise the request has ended meanwhile.
      if (this.#unsent.delete(request)) this.#dispatch(request, { ...signal, args });
    };
    room.promise.then(sendNow, () => undefined);
  }
}

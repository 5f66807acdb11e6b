/** This node as its processes see it (`ctx.node`): what it is connected to, and the way to ask the control thread. */
import { CallError, ConnectionError, MisuseError } from "../../base/error.ts";
import { CALL_MS } from "../../base/limits.ts";
import type { Clock } from "../../port/clock.ts";
import type { NodeView, Wait } from "../../process/api.ts";
import { parseNodeName } from "../../config/node-name.ts";
import { Requests } from "../requests.ts";
import type { HostedFunction, ToControl } from "../thread-message.ts";

/** What the control thread can be asked. */
export type ControlRequest = Extract<ToControl, { kind: "request" }>["verb"];

export class NodeLink implements NodeView {
  readonly name: string;
  readonly #tell: (message: ToControl) => void;
  readonly #list: () => readonly string[];
  readonly #requests: Requests;
  readonly #functions = new Map<string, readonly HostedFunction[]>();

  constructor(options: {
    readonly name: string;
    readonly clock: Clock;
    readonly tell: (message: ToControl) => void;
    readonly list: () => readonly string[];
  }) {
    this.name = options.name;
    this.#tell = options.tell;
    this.#list = options.list;
    this.#requests = new Requests(options.clock);
  }

  /** Connected nodes, without this one and without hidden ones, in order of name. */
  list(): readonly string[] {
    return this.#list();
  }

  /**
   * Resolves when the session is up; at once if it is.
   * @throws {ConnectionError} when the node cannot be reached or refuses @throws {MisuseError} not a node's name
   */
  async connect(name: string, wait?: Wait): Promise<void> {
    await this.request("connect", name, wait);
  }

  /** Ends the session with a node, if there is one; links and monitors there get `noconnection`. */
  disconnect(name: string): void {
    void this.request("disconnect", name, { timeoutMs: CALL_MS }).catch(() => undefined);
  }

  async ping(name: string, wait?: Wait): Promise<number> {
    return (await this.request("ping", name, wait)) as number;
  }

  /** Names of what a node hosts; empty for a node that is not connected. */
  functions(name: string): readonly string[] {
    const identity = parseNodeName(name)?.name ?? name;
    return (this.#functions.get(identity) ?? []).map((hosted) => hosted.name);
  }

  /** Asks the control thread. */
  request(verb: ControlRequest, node: string, wait: Wait = {}): Promise<unknown> {
    if (parseNodeName(node) === undefined) {
      const text = `expected name@host or name@host:port, got ${JSON.stringify(node)}`;
      return Promise.reject(new MisuseError("bad_argument", text));
    }
    const timeoutMs = wait.timeoutMs ?? CALL_MS;
    return new Promise((resolve, reject) => {
      const { signal } = wait;
      if (signal?.aborted === true) return reject(signal.reason);
      const id = this.#requests.open(timeoutMs, (ok, value) => {
        signal?.removeEventListener("abort", aborted);
        if (ok) resolve(value);
        else if (value === "timeout") reject(new CallError("timeout", node));
        else reject(new ConnectionError("refused_by_peer", `${node}: ${String(value)}`));
      });
      const aborted = (): void => {
        reject(signal?.reason);
        this.#requests.answer(id, false, "aborted");
      };
      signal?.addEventListener("abort", aborted, { once: true });
      this.#tell({ kind: "request", id, verb, node, timeoutMs });
    });
  }

  /** The control thread's answer. */
  answer(id: number, ok: boolean, value: unknown): void {
    this.#requests.answer(id, ok, value);
  }

  /** What a node hosts; nothing: the node is gone. */
  learn(node: string, functions: readonly HostedFunction[]): void {
    if (functions.length === 0) this.#functions.delete(node);
    else this.#functions.set(node, functions);
  }

  close(): void {
    this.#requests.abandon("the node stops");
  }
}

import { MisuseError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { link } from "../../process/bonds.ts";
import { ProcessContext } from "../../process/context.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import type { ProcessBody } from "../../process/host.ts";
import type {
  SlowPolicy,
  Socket,
  SocketMessage,
  WebAddress,
  WebLimits,
} from "../../process/room-api.ts";
import type { SiteHandler, SitePlan, Verdict, WebService } from "../../process/web-host.ts";
import type { Pid } from "../../term/pid.ts";

/** A behaviour as its author wrote it, whatever the types of its data. */
export interface UntypedWeb {
  readonly listen: WebAddress | ((ctx: ProcessContext, ...args: unknown[]) => WebAddress);
  readonly fetch?: (ctx: ProcessContext, request: Request) => Response | Promise<Response>;
  readonly socket?: {
    readonly open?: (ctx: ProcessContext, socket: Socket) => unknown;
    readonly message?: (ctx: ProcessContext, socket: Socket, data: string | Uint8Array) => unknown;
    readonly close?: (ctx: ProcessContext, socket: Socket, code: number, reason: string) => unknown;
    readonly process?: (ctx: ProcessContext, socket: Socket) => Promise<unknown>;
  };
  readonly authorize?: {
    readonly connect?: (ctx: ProcessContext, request: Request) => unknown;
    readonly join?: (ctx: ProcessContext, socket: Socket, room: string) => Verdict;
    readonly publish?: (
      ctx: ProcessContext,
      socket: Socket,
      room: string,
      data: unknown,
    ) => Verdict;
  };
  readonly origins?: "*" | readonly string[];
  readonly clientPath?: string | false;
  readonly slow?: SlowPolicy;
  readonly limits?: WebLimits;
}

const CLIENT_PATH = "/snow-client.js";

/** Messages that may wait for a socket's process: a client must not fill the node's memory. */
const SOCKET_MAILBOX_MAX = 10_000;

/** How a socket is closed when its code failed. RFC 6455: 1011, internal error. */
const CODE_FAILED = 1011;
const CODE_NORMAL = 1000;

/** What `await` waits for: what is mistaken for an answer lets everybody in. */
const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";

/** The author's code of a site on one scheduler, called so that what it throws ends a socket and nothing else. */
export class SiteCode implements SiteHandler {
  readonly #name: string;
  readonly #web: UntypedWeb;
  readonly #ctx: ProcessContext;
  readonly #service: WebService;
  /** The process of each socket, and the other way round. */
  readonly #processes = new Map<Socket, Pid<SocketMessage>>();
  readonly #sockets = new Map<Pid, Socket>();

  constructor(name: string, web: UntypedWeb, ctx: ProcessContext, service: WebService) {
    this.#name = name;
    this.#web = web;
    this.#ctx = ctx;
    this.#service = service;
  }

  /** All of its plan but the address. */
  get plan(): Pick<SitePlan, "slow" | "limits" | "origins"> {
    const { limits = {}, origins = [], slow = "drop" } = this.#web;
    return { slow, limits, origins };
  }

  get takesSockets(): boolean {
    return this.#web.socket !== undefined;
  }

  /** @throws {MisuseError} bad_argument */
  address(args: readonly unknown[]): WebAddress {
    const { listen } = this.#web;
    const address = typeof listen === "function" ? listen(this.#ctx, ...args) : listen;
    const { port } = address ?? {};
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      const text = `defineWeb("${this.#name}"): listen gave ${port === undefined ? shown(address) : `port ${shown(port)}`}, expected a port from 0 to 65,535`;
      throw new MisuseError("bad_argument", text);
    }
    return address;
  }

  request(request: Request): Response | Promise<Response> {
    const { clientPath = CLIENT_PATH, fetch } = this.#web;
    if (clientPath !== false && new URL(request.url).pathname === clientPath) return this.#client();
    if (fetch === undefined) return new Response("not found\n", { status: 404 });
    try {
      const response = fetch(this.#ctx, request);
      if (!isThenable(response)) return response;
      return Promise.resolve(response).catch((error: unknown) => this.#fetchFailed(error));
    } catch (error) {
      return this.#fetchFailed(error);
    }
  }

  connect(request: Request): unknown {
    const connect = this.#web.authorize?.connect;
    if (connect === undefined) return undefined;
    try {
      const data = connect(this.#ctx, request);
      if (!isThenable(data)) return data;
      return Promise.resolve(data).catch((error: unknown) => this.#fetchFailed(error));
    } catch (error) {
      return this.#fetchFailed(error);
    }
  }

  opened(socket: Socket): void {
    const { open, process } = this.#web.socket ?? {};
    if (process !== undefined) this.#startProcess(socket, process);
    else if (open !== undefined) this.#guard(socket, () => open(this.#ctx, socket));
  }

  message(socket: Socket, data: string | Uint8Array): void {
    const pid = this.#processes.get(socket);
    if (pid !== undefined) {
      // The memory of a frame is the server's.
      const kept = typeof data === "string" ? data : new Uint8Array(data);
      return this.#ctx.send(pid, { type: "socket", data: kept } satisfies SocketMessage);
    }
    const message = this.#web.socket?.message;
    if (message !== undefined) this.#guard(socket, () => message(this.#ctx, socket, data));
  }

  closed(socket: Socket, code: number, reason: string): void {
    const pid = this.#processes.get(socket);
    if (pid !== undefined) {
      this.#processes.delete(socket);
      this.#sockets.delete(pid);
      this.#ctx.sendExit(pid, { shutdown: "socket_closed" });
      return;
    }
    const close = this.#web.socket?.close;
    if (close !== undefined) this.#guard(socket, () => close(this.#ctx, socket, code, reason));
  }

  mayJoin(socket: Socket, room: string): Verdict {
    const join = this.#web.authorize?.join;
    return join !== undefined && this.#verdict(socket, () => join(this.#ctx, socket, room));
  }

  mayPublish(socket: Socket, room: string, data: unknown): Verdict {
    const publish = this.#web.authorize?.publish;
    if (publish === undefined) return false;
    return this.#verdict(socket, () => publish(this.#ctx, socket, room, data));
  }

  /** A socket's process is no more. */
  socketEnded(pid: Pid, reason: ExitReason): void {
    const socket = this.#sockets.get(pid);
    if (socket === undefined) return;
    this.#sockets.delete(pid);
    this.#processes.delete(socket);
    if (reason === "normal" || reason === "shutdown") socket.close(CODE_NORMAL);
    else socket.close(CODE_FAILED, "internal error");
  }

  #startProcess(
    socket: Socket,
    code: (ctx: ProcessContext, socket: Socket) => Promise<unknown>,
  ): void {
    const process = ProcessContext.process(this.#ctx);
    const child = process.host.spawn(code as unknown as ProcessBody, [socket], {
      functionName: `${this.#name}/socket`,
      parent: process.pid,
      name: undefined,
      mailboxMax: SOCKET_MAILBOX_MAX,
    });
    link(process, child.pid);
    this.#processes.set(socket, child.pid as Pid<SocketMessage>);
    this.#sockets.set(child.pid, socket);
  }

  async #client(): Promise<Response> {
    const source = await this.#service.clientSource();
    const headers = { "Content-Type": "text/javascript; charset=utf-8" };
    return new Response(source, { headers });
  }

  #verdict(socket: Socket, ask: () => Verdict): Verdict {
    try {
      const verdict = ask();
      if (!isThenable(verdict)) return verdict === true;
      return Promise.resolve(verdict).then(
        (later) => later === true,
        (error: unknown) => this.#failed(socket, error),
      );
    } catch (error) {
      return this.#failed(socket, error);
    }
  }

  #guard(socket: Socket, run: () => unknown): void {
    try {
      const result = run();
      if (isThenable(result)) {
        Promise.resolve(result).catch((error: unknown) => this.#failed(socket, error));
      }
    } catch (error) {
      this.#failed(socket, error);
    }
  }

  #failed(socket: Socket, error: unknown): false {
    // The site itself is ending: its own calls throw then.
    if (ProcessContext.process(this.#ctx).exitReason !== undefined) return false;
    this.#ctx.log.error("the code of a socket failed", { site: this.#name, error });
    socket.close(CODE_FAILED, "internal error");
    return false;
  }

  #fetchFailed(error: unknown): Response {
    this.#ctx.log.error("a request failed", { site: this.#name, error });
    return new Response("internal error\n", { status: 500 });
  }
}

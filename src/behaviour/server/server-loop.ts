import { LaneFullError, MessageTooLarge, EncodeError, MisuseError } from "../../base/error.ts";
import { ProcessContext } from "../../process/context.ts";
import { ProcessExit, type ExitReason } from "../../process/exit-reason.ts";
import { messageType, typeText } from "../../process/mailbox.ts";
import { MessageLoop } from "../../process/message-loop.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import { sendPid } from "../../process/request.ts";
import { Exit } from "../../process/system-message.ts";
import type { From, Stop } from "./server-api.ts";
import {
  type Arity,
  type CallAnswer,
  type CallRequest,
  type CastRequest,
  FailVerdict,
  FromVerdict,
  MessageTypes,
  STOP_TYPE,
  StopVerdict,
  Verdict,
  unknownCallText,
} from "./server-message.ts";

/** An author's function, as the loop calls it: the context first. */
export type Handler = (ctx: ServerProcessContext, ...args: unknown[]) => unknown;

export interface TableEntry {
  readonly isCall: boolean;
  readonly arity: Arity;
  readonly handler: Handler;
}

/** By the `type` of the message. An object without a prototype: half the price of a Map, and as safe with any key. */
export type Handlers = { [type: string]: TableEntry | undefined };

/** Handlers to be filled by `addHandler`. */
export const createHandlers = (): Handlers => Object.create(null) as Handlers;

/** A defined server as its processes need it, made once. */
export interface ServerTable {
  readonly handlers: Handlers;
  readonly init: Handler;
  readonly info: Handler | undefined;
  readonly idle: Handler | undefined;
  readonly terminate: Handler | undefined;
  /** What an inspector is shown instead of the state. */
  readonly inspect?: Handler;
}

/** The context of a server's handlers. */
export class ServerProcessContext extends ProcessContext {
  state: unknown = undefined;
  readonly #loop: ServerLoop;

  constructor(process: Process, loop: ServerLoop) {
    super(process);
    this.#loop = loop;
  }

  get idleMs(): number | undefined {
    return this.#loop.idleMs;
  }

  set idleMs(idleMs: number | undefined) {
    this.#loop.idleMs = idleMs;
  }

  /** @throws {MisuseError} bad_argument: no call is being handled */
  from<R>(): From<R> {
    return this.#loop.from() as unknown as From<R>;
  }

  /** Ends the server as if a handler had returned this; for behaviours built on servers. */
  end(verdict: Stop): void {
    this.#loop.conclude(verdict as unknown as StopVerdict);
  }

  /** As a throw, so that `terminate` runs. Source: OTP gen_server, exit/1 in a callback. */
  override exit(reason: ExitReason = "normal"): never {
    const exit = new ProcessExit(reason);
    if (this.#loop.fail(exit)) throw exit;
    return super.exit(reason);
  }
}

/** One server's messages, each by a direct call of its handler. */
export class ServerLoop extends MessageLoop {
  readonly #table: ServerTable;
  readonly #process: Process;
  readonly ctx: ServerProcessContext;
  /** The call whose handler runs. */
  #call: CallRequest | undefined = undefined;

  constructor(table: ServerTable, process: Process) {
    super();
    this.#table = table;
    this.#process = process;
    this.ctx = new ServerProcessContext(process, this);
  }

  override handle(message: unknown): void | Promise<void> {
    const type = (message as { readonly type?: unknown } | null)?.type;
    const entry = typeof type === "string" ? this.#table.handlers[type] : undefined;
    if (entry === undefined) return this.#handleOther(message);
    if (entry.isCall) return this.#handleCall(entry, message as CallRequest);
    return this.#settle(invoke(entry, this.ctx, (message as CastRequest).args));
  }

  override idle(): void | Promise<void> {
    const { idle } = this.#table;
    if (idle !== undefined) return this.#settle(idle(this.ctx));
  }

  /** The state, or what stands for it. */
  inspect(): unknown {
    const { inspect } = this.#table;
    return inspect === undefined ? this.ctx.state : inspect(this.ctx);
  }

  /** Ends the server as if a handler had returned `stop`. */
  conclude(verdict: StopVerdict): void {
    this.stop({ verdict, replyTo: undefined });
  }

  from(): FromVerdict {
    if (this.#call === undefined) {
      throw new MisuseError(
        "bad_argument",
        "ctx.from() is for the handler of a call, while it runs",
      );
    }
    return new FromVerdict(this.#call.replyTo);
  }

  /** Sends an answer. One that cannot be sent becomes a failure: that is no reason for the server to end. */
  answer(replyTo: CallRequest["replyTo"], answer: CallAnswer): void {
    try {
      sendPid(this.#process, replyTo, answer);
    } catch (error) {
      const isOfValue = error instanceof EncodeError || error instanceof MessageTooLarge;
      if (!isOfValue && !(error instanceof LaneFullError)) throw error;
      this.ctx.log.error("an answer could not be sent", { error });
      const detail = error.message;
      if (isOfValue) sendPid(this.#process, replyTo, { fail: "answer_not_sent", detail });
    }
  }

  #handleCall(entry: TableEntry, request: CallRequest): void | Promise<void> {
    // The caller has given up, or is gone: nobody wants the answer, so the work is not done.
    if (isAbandoned(this.#process, request)) return;
    this.#call = request;
    const result = invoke(entry, this.ctx, request.args);
    if (isThenable(result)) {
      return result.then((value) => this.#answerCall(request, value));
    }
    this.#answerCall(request, result);
  }

  #answerCall(request: CallRequest, result: unknown): void {
    this.#call = undefined;
    if (this.#process.life !== LIFE_RUNNING) return;
    if (!(result instanceof Verdict)) {
      this.answer(request.replyTo, { ok: result });
    } else if (result instanceof FailVerdict) {
      this.answer(request.replyTo, { fail: result.code, detail: result.detail });
    } else if (result instanceof StopVerdict) {
      this.stop({ verdict: result, replyTo: request.replyTo });
    }
  }

  /** After a cast, info or idle: only `stop` matters. */
  #settle(result: unknown): void | Promise<void> {
    if (isThenable(result)) return result.then((value) => this.#settleValue(value));
    this.#settleValue(result);
  }

  #settleValue(result: unknown): void {
    if (result instanceof StopVerdict) this.conclude(result);
  }

  #handleOther(message: unknown): void | Promise<void> {
    const type = messageType(message);
    if (type?.startsWith("$") === true) {
      this.#handleReserved(type, message as CallRequest & { readonly reason: unknown });
      return;
    }
    if (message instanceof Exit && message.from === this.#process.parent) {
      this.conclude(new StopVerdict(message.reason, false, undefined));
      return;
    }
    const { info } = this.#table;
    if (info !== undefined) return this.#settle(info(this.ctx, message));
    this.ctx.log.warn("a message that no handler takes", { type: typeText(message) });
  }

  /** A client of another version of this server, or of another server, says so instead of waiting in vain. */
  #handleReserved(type: string, message: CallRequest & { readonly reason: unknown }): void {
    if (type === STOP_TYPE) {
      this.conclude(new StopVerdict(message.reason, false, undefined));
      return;
    }
    this.ctx.log.warn("a call or cast that this server does not have", { type });
    if (message.replyTo === undefined) return;
    const detail = unknownCallText(type, Object.keys(this.#table.handlers));
    this.answer(message.replyTo, { fail: "undef", detail });
  }
}

/** What the loop of a server ends with, unless by a throw. */
export interface LoopEnd {
  readonly verdict: StopVerdict;
  /** The caller that gets the verdict's reply. */
  readonly replyTo: CallRequest["replyTo"] | undefined;
}

function invoke({ arity, handler }: TableEntry, ctx: ServerProcessContext, args: unknown): unknown {
  if (arity === "1") return handler(ctx, args);
  if (arity === "0") return handler(ctx);
  return handler(ctx, ...(args as readonly unknown[]));
}

/** Enters a handler under each type that its messages can have. */
export function addHandler(
  handlers: Handlers,
  kind: "call" | "cast",
  name: string,
  handler: Handler,
): void {
  const types = new MessageTypes(kind, name);
  const isCall = kind === "call";
  handlers[types.none] = { isCall, arity: "0", handler };
  handlers[types.one] = { isCall, arity: "1", handler };
  handlers[types.many] = { isCall, arity: "n", handler };
}

function isThenable(value: unknown): value is Promise<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { readonly then?: unknown }).then === "function";
}

/**
 * Whether the caller has given up meanwhile. On this scheduler its alias is gone; elsewhere its monitor is, which needs no
 * clock that two nodes would have to agree on.
 */
function isAbandoned(process: Process, { replyTo, monitor }: CallRequest): boolean {
  if (monitor === undefined) return replyTo.owner === undefined;
  return process.bonds?.watchers?.has(monitor) !== true;
}

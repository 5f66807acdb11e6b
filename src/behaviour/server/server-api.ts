import type {
  Args,
  Caller,
  Context,
  ExitReason,
  Pid,
  Startable,
  StartOptions,
  Target,
  UntypedTarget,
  UserMessage,
  Wait,
} from "../../process/api.ts";

/** The types of a server: what its author writes and what its clients get. Types only; the code is `server.ts`. */

declare const tag: unique symbol;

/** A call `K` with arguments `A` and answer `R`, as a member of a server's protocol. Made by clients only. */
export interface CallMessage<K, A, R> {
  readonly [tag]: ["call", K, A, R];
}

/** A cast `K` with arguments `A`, as a member of a server's protocol. Made by clients only. */
export interface CastMessage<K, A> {
  readonly [tag]: ["cast", K, A];
}

/** The right to answer one call, once. It can be kept, and sent to another process that answers instead. */
export interface From<in R> {
  readonly [tag]: (reply: R) => void;
}

/** What `stop` makes: returned from a handler it ends the server, after the reply if there is one. */
export interface Stop<out R = never> {
  readonly [tag]: ["stop", R];
}

/** What `fail` makes: returned from a call's handler it rejects the caller. */
export interface Failure {
  readonly [tag]: ["failure"];
}

/** The server's process with its state: everything of `Context` but `receive`, which the server does itself. */
export type ServerContext<S, M> = Omit<Context<M>, "receive" | "messages"> & {
  state: S;
  /** Milliseconds without a message after which `idle` is called; undefined (the start): never. */
  idleMs: number | undefined;
};

/** Besides, `from`: return its value from the handler to answer later, with `reply`. */
export type CallContext<S, M> = ServerContext<S, M> & { from<R>(): From<R> };

// eslint-disable-next-line typescript/no-explicit-any -- any handler's context
type Rest<F> = F extends (ctx: any, ...args: infer A) => unknown ? A : never;
type Unwrap<T> =
  T extends From<infer R> ? R : T extends Stop<infer R> ? R : T extends Failure ? never : T;
// eslint-disable-next-line typescript/no-explicit-any -- any handler
type Answer<F> = F extends (...args: any[]) => infer R ? Unwrap<Awaited<R>> : never;

/** What a server's pid takes: its calls, its casts and what its `info` takes. */
export type Protocol<C, K, M> =
  | UserMessage<M>
  | { [P in keyof C]: CallMessage<P, Rest<C[P]>, Answer<C[P]>> }[keyof C]
  | { [P in keyof K]: CastMessage<P, Rest<K[P]>> }[keyof K];

/** One method per call and per cast. A call's rejects with `CallError`, a cast's throws what `send` throws. */
export type Client<C, K> = {
  readonly [P in keyof C]: (...args: Rest<C[P]>) => Promise<Answer<C[P]>>;
} & { readonly [P in keyof K]: (...args: Rest<K[P]>) => void };

type Calls<S, M> = {
  // eslint-disable-next-line typescript/no-explicit-any -- the author's own arguments
  readonly [call: string]: (ctx: CallContext<S, M>, ...args: any[]) => unknown;
};
type Casts<S, M> = {
  // eslint-disable-next-line typescript/no-explicit-any -- the author's own arguments
  readonly [cast: string]: (ctx: ServerContext<S, M>, ...args: any[]) => unknown;
};
type Clash<C, K> = [keyof C & keyof K] extends [never]
  ? unknown
  : { casts: { [P in keyof C & keyof K]: "this name is already a call" } };

/**
 * What the author of a server writes. Handlers run one at a time; an async one holds up the next message, never an exit
 * signal. A throw ends the server. Source: OTP gen_server.
 */
export type ServerBehaviour<S, A extends readonly unknown[], C, K, M> = {
  /** Its result is `ctx.state`; `stop(reason)` or a throw fails the start. It may receive, to wait for others. */
  init: (ctx: Context<M>, ...args: A) => S | Stop | Promise<S | Stop>;
  /** The result is the reply, unless it is `ctx.from()`, `fail(…)` or `stop(…)`. */
  calls?: C & Calls<S, M> & { readonly then?: never };
  /** The result is ignored, unless it is `stop(…)`. */
  casts?: K & Casts<S, M> & { readonly then?: never };
  /** Every other message. Without it such a message is logged and dropped. */
  info?: (ctx: ServerContext<S, M>, message: M) => unknown;
  /** After `ctx.idleMs` without a message. */
  idle?: (ctx: ServerContext<S, M>) => unknown;
  /**
   * Before the server ends by `stop`, by a throw, or by its parent's exit while it traps exits; never after an exit signal that is
   * not trapped. Source: OTP gen_server, terminate/2.
   */
  terminate?: (ctx: ServerContext<S, M>, reason: ExitReason) => unknown;
} & Clash<C, K>;

/** A defined server. */
export interface Server<N extends string, A extends readonly unknown[], C, K, M> extends Startable<
  N,
  A,
  Protocol<C, K, M>
> {
  /**
   * Starts one and waits until its `init` has returned. When it rejects, the process is gone and its name free.
   * @throws {StartError} init_failed with the reason, already_started with the holder's pid as reason, timeout, noconnection,
   * undef, badarg
   */
  start(by: Caller, ...rest: Args<A, StartOptions>): Promise<Pid<Protocol<C, K, M>>>;
  /** The calls and casts of one server as methods. `wait` holds for every call; it costs nothing but one object. */
  client(by: Caller, to: Target<Protocol<C, K, never>> | UntypedTarget, wait?: Wait): Client<C, K>;
  /**
   * Ends one, with its `terminate`, and waits until it is gone. `reason` is `"normal"` unless given.
   * @throws {CallError} noproc, noconnection, timeout; exit if it ended for another reason
   */
  stop(
    by: Caller,
    to: Pid | Target<Protocol<C, K, never>> | UntypedTarget,
    reason?: ExitReason,
    wait?: Wait,
  ): Promise<void>;
}

export type { Clash, Rest };

/** Rooms and web sites as authors see them. Types only; the code behind them is in `room/` and `behaviour/web.ts`. */
import type { Caller, Context } from "./api.ts";
import type { SystemMessage } from "./system-message.ts";

declare const roomed: unique symbol;

/** A room with the type of what is published in it. Made by `room`. */
export interface Room<in E> {
  readonly [roomed]: (event: E) => void;
  readonly name: string;
}

/** The id of a socket: unique in the cluster, never used again. */
export type SocketId = string;

/** One member of a room. */
export interface RoomMember<P = unknown> {
  readonly socket: SocketId;
  /** The node whose socket it is. */
  readonly node: string;
  /** What it showed of itself when it joined; undefined: nothing. */
  readonly presence: P | undefined;
}

export interface PublishOptions {
  /** Sockets that do not get it. */
  readonly except?: SocketId | readonly SocketId[];
}

/** Rooms of WebSockets over the whole cluster. A room is there for as long as somebody names it. */
export interface Rooms {
  /**
   * Sends to every socket in the room, on every node, in the order of publishing from this scheduler. Text and bytes go
   * as they are, all else as JSON. Never waits.
   * @throws {EncodeError} not JSON @throws {MessageTooLarge}
   */
  publish<E>(room: Room<E> | string, event: NoInfer<E>, options?: PublishOptions): void;
  /** Who is in the room, as far as this node knows, without asking anybody. */
  members(room: Room<never> | string): readonly RoomMember[];
  count(room: Room<never> | string): number;
  /** Those members that show something of themselves. */
  presence<P = unknown>(room: Room<never> | string): readonly RoomMember<P>[];
  /** While on, this process gets a `RoomChange` for each change of members, first one with all who are there. */
  watch(room: Room<never> | string, on?: boolean): void;
}

export interface JoinOptions {
  /** What others are shown of this socket; a value as JSON. */
  readonly presence?: unknown;
}

/** One WebSocket of a client. Its methods do nothing once it is closed. */
export interface Socket<D = unknown> {
  readonly id: SocketId;
  /** The client's IP address. */
  readonly address: string;
  /** What `authorize.connect` returned. */
  readonly data: D;
  /** Names of the rooms that it is in. */
  readonly rooms: readonly string[];
  readonly isOpen: boolean;
  /**
   * Resolves when it gets everything that is published from now on; with a client of rooms also what it missed before. Also
   * when it is closed or leaves before that.
   */
  join(room: Room<never> | string, options?: JoinOptions): Promise<void>;
  leave(room: Room<never> | string): void;
  /** Text and bytes go as they are, all else as JSON. False: it is closed. */
  send(data: unknown): boolean;
  /** `code` as in RFC 6455: 1000, or 3000 to 4999. */
  close(code?: number, reason?: string): void;
}

/** What a socket's process gets for each message of its client. */
export interface SocketMessage {
  readonly type: "socket";
  readonly data: string | Uint8Array;
}

/** What happens when a client does not keep up; a client that speaks no protocol of rooms is closed in every case. */
export type SlowPolicy =
  /** It gets nothing until what waits has left; then it is told what it missed. */
  | "drop"
  /** The same, and then the newest message of each room. */
  | "latest"
  | "close";

export interface WebLimits {
  /** Bytes of one message from a client. */
  readonly payloadBytes?: number;
  readonly roomsPerSocket?: number;
  /** Joins, leaves, publishes and messages of one client. */
  readonly requestsPerSecond?: number;
  readonly requestsBurst?: number;
  /** On one scheduler. */
  readonly socketsPerAddress?: number;
  readonly sockets?: number;
}

/** Where a site listens. */
export interface WebAddress {
  /** Default `"127.0.0.1"`. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** The process that a site's code runs in; it takes no messages of its own. */
export type WebContext = Caller &
  Pick<Context<SystemMessage>, "self" | "signal" | "spawn" | "spawnLink">;

type Verdict = boolean | Promise<boolean>;

/** What a site consists of. A hook or handler that throws closes its socket, not the site. */
export interface WebBehaviour<A extends readonly unknown[], D> {
  /** Where to listen: what it is started with decides, or it is fixed. */
  readonly listen: WebAddress | ((ctx: WebContext, ...args: A) => WebAddress);
  /** Everything that is no WebSocket. Default: 404. */
  readonly fetch?: (ctx: WebContext, request: Request) => Response | Promise<Response>;
  /** Callbacks for each socket, or the function of a process for each socket, linked to it. Left out: no WebSockets. */
  readonly socket?: SocketCallbacks<D> | SocketProcess<D>;
  readonly authorize?: {
    /** What it returns is `socket.data`; `false` refuses with 403, a `Response` with that. Default: everybody. */
    readonly connect?: (
      ctx: WebContext,
      request: Request,
    ) => D | false | Response | Promise<D | false | Response>;
    /** For joins that a client asks for. Default: nobody. */
    readonly join?: (ctx: WebContext, socket: Socket<D>, room: string) => Verdict;
    /** For what a client publishes; text, bytes, or a value. Default: nobody. */
    readonly publish?: (ctx: WebContext, socket: Socket<D>, room: string, data: unknown) => Verdict;
  };
  /**
   * Pages that may connect, by their origin (`https://example.org`), besides those of this site itself. `"*"`: any. Programs
   * that are no browsers send none and are not concerned.
   */
  readonly origins?: "*" | readonly string[];
  /** The path under which the browser client is served, for pages without a bundler. Default `"/snow-client.js"`. */
  readonly clientPath?: string | false;
  readonly slow?: SlowPolicy;
  readonly limits?: WebLimits;
}

/** Each gets the context first. */
export interface SocketCallbacks<D> {
  readonly open?: (ctx: WebContext, socket: Socket<D>) => unknown;
  /** Not for what the client publishes in rooms. */
  readonly message?: (ctx: WebContext, socket: Socket<D>, data: string | Uint8Array) => unknown;
  readonly close?: (ctx: WebContext, socket: Socket<D>, code: number, reason: string) => unknown;
}

/** Ends with its socket, and closes it when it ends. */
export interface SocketProcess<D> {
  readonly process: (ctx: Context<SocketMessage>, socket: Socket<D>) => Promise<unknown>;
}

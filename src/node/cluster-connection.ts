/** What the verbs that talk to a cluster need; implemented by a hidden node, introduced by `bin/`. */
import type { NodeConfig } from "../config/config.ts";
import type { NodeAddress } from "../config/node-name.ts";
import type { QueryAnswer, QueryArgs, QueryVerb } from "../service/query.ts";

/** A process at some node: by its pid's text, or by a name registered there. */
export type Destination =
  | { readonly kind: "pid"; readonly pid: string }
  | { readonly kind: "name"; readonly name: string; readonly node: NodeAddress };

/** How long and with what to connect. */
export interface ConnectOptions {
  /** Whom to join; a name without a port is looked up in the registry of its host, then tried at 4369. */
  readonly node: NodeAddress;
  /** Cookie, TLS and limits as for `run`; the name is made up and the node hidden. */
  readonly config: NodeConfig;
  /** Milliseconds until the session must be up. */
  readonly timeoutMs: number;
}

/**
 * A hidden node that has joined one node of the cluster and reaches the others through their own addresses.
 * What the cluster refuses is a `CallError` or `SpawnError`; what the path or the handshake refuses a `ConnectionError` or
 * `ProtocolError`.
 */
export interface ClusterConnection {
  /** The identity of the node that was joined. */
  readonly node: string;
  /** @throws {CallError} noconnection, timeout */
  query<V extends QueryVerb>(
    node: string,
    verb: V,
    args: QueryArgs<V>,
    timeoutMs: number,
  ): Promise<QueryAnswer<V>>;
  /** The new process's pid as text. @throws {SpawnError} */
  spawn(request: SpawnRequest, timeoutMs: number): Promise<string>;
  /** Handed to the session when the promise resolves; whether anybody takes it, nobody says. */
  send(to: Destination, message: unknown): Promise<void>;
  /** The answer to a request that carries `replyTo`, which is filled in here. @throws {CallError} */
  call(
    to: Destination,
    request: Readonly<Record<string, unknown>>,
    timeoutMs: number,
  ): Promise<unknown>;
  /** The reply of a server's call handler. @throws {CallError} */
  callServer(
    to: Destination,
    call: string,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<unknown>;
  sendExit(pid: string, reason: unknown): Promise<void>;
  /** Leaves the cluster after everything sent has left. */
  close(): Promise<void>;
}

/** A function to be run at a place. */
export interface SpawnRequest {
  readonly node: NodeAddress;
  readonly scheduler: number | "spread" | undefined;
  readonly function: string;
  readonly args: readonly unknown[];
  /** To be registered under; undefined: none. */
  readonly name: string | undefined;
}

/** What this node asks its peers and they have not answered: each question gets an answer, or why there is none. */
import { ConnectionError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import { Requests } from "../../requests.ts";
import type { PeerDriver } from "./peer-driver.ts";

export class PeerQueries {
  readonly #known: (node: string) => PeerDriver | undefined;
  readonly #waiting: Requests;

  /** `known`: what there is with a node of that name. */
  constructor(known: (node: string) => PeerDriver | undefined, clock: Clock) {
    this.#known = known;
    this.#waiting = new Requests(clock);
  }

  /** Asks a connected node what the command line wants to know. @throws {ConnectionError} */
  ask(node: string, verb: string, args: unknown, timeoutMs: Millis): Promise<unknown> {
    const peer = this.#known(node);
    if (peer === undefined || peer.number === 0) {
      return Promise.reject(new ConnectionError("closed_here", `not connected to ${node}`));
    }
    return new Promise((resolve, reject) => {
      const answered = (ok: boolean, value: unknown): void => {
        if (ok) resolve(value);
        else reject(queryError(node, value, timeoutMs));
      };
      const id = this.#waiting.open(timeoutMs, answered, peer.name);
      peer.send({ kind: "query", id, verb, term: args });
    });
  }

  /** A peer says this to a question of that number; who was not asked it is not heard. */
  answered(node: string, id: number, ok: boolean, value: unknown): void {
    this.#waiting.answeredBy(node, id, ok, value);
  }

  /** The session with a node is over: no answer of it will come. */
  nodeDown(node: string): void {
    this.#waiting.nodeDown(node);
  }

  /** The node stops: nobody is waited for any more. */
  close(): void {
    this.#waiting.abandon("the node stops");
  }
}

/** Why a question has no answer: the node said so, or could not be heard. */
function queryError(node: string, value: unknown, timeoutMs: Millis): ConnectionError {
  if (value === "timeout") {
    return new ConnectionError(
      "connection_timeout",
      `${node} has not answered for ${timeoutMs} ms`,
    );
  }
  const code = value === "noconnection" ? "closed_by_peer" : "refused_by_peer";
  return new ConnectionError(code, `${node}: ${String(value)}`);
}

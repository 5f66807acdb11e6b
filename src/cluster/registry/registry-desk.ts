/**
 * What the node that holds a host's registry port knows and answers. One request a connection: a question is answered
 * and the connection closed; a registration lasts for as long as its connection, which carries nothing more. So a
 * client costs one frame and one answer, whatever it sends.
 */
import { FrameReader } from "../../wire/frame.ts";
import {
  decodeFailure,
  decodeRegistryRequest,
  encodeRegistryAnswer,
  type Registration,
  type RegistryAnswer,
  type RegistryRequest,
} from "./registry-message.ts";

/** Nodes of one host: far more than it has memory for, so that one user cannot fill the holder's. */
export const REGISTRY_NODES_MAX = 1_024;

/** What becomes of a client after its bytes were read. */
export interface DeskReply {
  /** Whole frames, in order. */
  readonly answers: readonly Uint8Array[];
  /** `wait`: for more bytes; `keep`: it is registered; `close`: when the answers have left. */
  readonly after: "wait" | "keep" | "close";
}

interface Client {
  /** Whether it is of this host. */
  readonly isLocal: boolean;
  readonly reader: FrameReader;
  /** Undefined until it has registered. */
  registration: Registration | undefined;
}

const WAIT: DeskReply = { answers: [], after: "wait" };
const CLOSE: DeskReply = { answers: [], after: "close" };

export class RegistryDesk {
  readonly #own: Registration;
  readonly #clients = new Map<number, Client>();
  /** The client of each registered name; undefined for our own. */
  readonly #names = new Map<string, number | undefined>();

  /** `own` is the holder itself. */
  constructor(own: Registration) {
    this.#own = own;
    this.#names.set(own.name, undefined);
  }

  /** Clients, registered or not, for leak checks. */
  get size(): number {
    return this.#clients.size;
  }

  /** The addresses that the nodes of this host listen on, each once. */
  get listenHosts(): readonly string[] {
    const hosts = new Set([this.#own.listenHost]);
    for (const { registration } of this.#clients.values()) {
      if (registration !== undefined) hosts.add(registration.listenHost);
    }
    return [...hosts];
  }

  /** A connection was accepted. `id` is the caller's, new for each. */
  opened(id: number, isLocal: boolean): void {
    this.#clients.set(id, { isLocal, reader: new FrameReader(), registration: undefined });
  }

  received(id: number, bytes: Uint8Array): DeskReply {
    const client = this.#clients.get(id);
    // Silence is part of the bargain: whoever registered has nothing more to say.
    if (client === undefined || client.registration !== undefined) return CLOSE;
    try {
      client.reader.push(bytes);
      if (!client.reader.next()) return WAIT;
      const { bytes: chunk, start, end } = client.reader;
      return this.#serve(id, client, decodeRegistryRequest(chunk, start, end));
    } catch (error) {
      decodeFailure(error);
      return CLOSE;
    }
  }

  /** The connection is gone, and with it what it registered. */
  closed(id: number): void {
    const name = this.#clients.get(id)?.registration?.name;
    this.#clients.delete(id);
    // Another connection of the same incarnation may have taken its place.
    if (name !== undefined && this.#names.get(name) === id) this.#names.delete(name);
  }

  #serve(id: number, client: Client, request: RegistryRequest | "other_version"): DeskReply {
    if (request === "other_version") {
      return closing({ kind: "refused", code: "version_unsupported" });
    }
    switch (request.kind) {
      case "resolve": {
        const found = this.#find(request.name);
        if (found === undefined) return closing({ kind: "unknown" });
        const port = client.isLocal ? found.port : found.advertisedPort;
        return closing({ kind: "found", port });
      }
      case "names":
        // Other hosts may look up a name that they know; a list of what runs here is not for them.
        if (!client.isLocal) return closing({ kind: "refused", code: "not_local" });
        return closing(...this.#list(), { kind: "end" });
      case "register":
        return this.#register(id, client, request.registration);
    }
  }

  #register(id: number, client: Client, registration: Registration): DeskReply {
    if (!client.isLocal) return closing({ kind: "refused", code: "not_local" });
    const known = this.#find(registration.name);
    if (known !== undefined && known.creation !== registration.creation) {
      return closing({ kind: "taken", port: known.port });
    }
    if (known === undefined && this.#names.size >= REGISTRY_NODES_MAX) {
      return closing({ kind: "refused", code: "full" });
    }
    client.registration = registration;
    this.#names.set(registration.name, id);
    return { answers: [encodeRegistryAnswer({ kind: "registered" })], after: "keep" };
  }

  #find(name: string): Registration | undefined {
    if (!this.#names.has(name)) return undefined;
    const id = this.#names.get(name);
    return id === undefined ? this.#own : this.#clients.get(id)?.registration;
  }

  #list(): RegistryAnswer[] {
    const answers: RegistryAnswer[] = [];
    for (const known of [...this.#names.keys()].sort()) {
      const { name, creation, port } = this.#find(known) ?? this.#own;
      answers.push({ kind: "name", node: { name, creation, port } });
    }
    return answers;
  }
}

function closing(...answers: readonly RegistryAnswer[]): DeskReply {
  return { answers: answers.map(encodeRegistryAnswer), after: "close" };
}

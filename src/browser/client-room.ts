/** One room as a client is in it, over as many connections as it takes. */
import type {
  ClientCursor,
  ClientMessage,
  MemberInfo,
  Resumed,
  ToClient,
  ToServer,
} from "../room/client-frame.ts";

/** Messages that were lost, or may be. */
export interface Gap {
  /** Whose numbering; only good for comparing. */
  readonly origin: string;
  /** Number of the last message that is there. */
  readonly after: number;
  /** Number of the last one that is not; undefined: nobody knows. */
  readonly upTo: number | undefined;
  /** `window`: no longer kept; `origin_lost`: its node is gone; `slow`: this client did not keep up. */
  readonly cause: "window" | "origin_lost" | "slow";
}

export interface MessageInfo {
  readonly origin: string;
  readonly number: number;
}

export interface RoomHandlers<E> {
  /** Every message once, those of one publisher in order. Text as a string, bytes as a `Uint8Array`, all else as it was. */
  readonly message?: (event: E, info: MessageInfo) => void;
  readonly gap?: (gap: Gap) => void;
  /** Members came, went, or show something else; `room.members` has them all. Only asked for when this is there. */
  readonly members?: (joined: readonly MemberInfo[], left: readonly string[]) => void;
  /** It is in the room: for the first time, or again after a lost connection. */
  readonly joined?: () => void;
  /** The site does not let it in: `not_allowed`, `too_many_rooms`. */
  readonly refused?: (reason: string) => void;
}

export interface RoomJoin<E> extends RoomHandlers<E> {
  /** What the others are shown of this client; a value as JSON. */
  readonly presence?: unknown;
}

export interface PublishChoice {
  /** It gets its own message as well. Default true. */
  readonly echo?: boolean;
}

/** What a room needs of its client. */
export interface RoomOwner {
  tell(request: ToServer): void;
  publish(room: string, event: unknown, echo: boolean): Promise<void>;
  forget(room: string): void;
  /** Milliseconds on a clock that only grows. */
  now(): number;
}

/** Origins that are gone are remembered so that a late message of theirs is not taken twice. */
const PAST_MAX = 256;

export class ClientRoom<E = unknown> {
  readonly name: string;
  /** Who is there, by socket; empty unless `members` is handled. */
  readonly members = new Map<string, MemberInfo>();
  /** It has everything up to now, and gets what comes. */
  isJoined = false;
  readonly #owner: RoomOwner;
  readonly #handlers: RoomHandlers<E>;
  /** The site put this client here: it does so again on a new connection. */
  readonly #isGiven: boolean;
  #presence: unknown;
  #cursor: Record<string, number> = {};
  readonly #past = new Map<string, number>();
  /** When it joined first; undefined: not yet. */
  #since: number | undefined;

  /** Called by the client. */
  constructor(
    name: string,
    owner: RoomOwner,
    options: { readonly join: RoomJoin<E>; readonly isGiven: boolean },
  ) {
    this.name = name;
    this.#owner = owner;
    this.#handlers = options.join;
    this.#presence = options.join.presence;
    this.#isGiven = options.isGiven;
  }

  /** Origin → number of the last message that is here. */
  get cursor(): ClientCursor {
    return { ...this.#cursor };
  }

  /**
   * Resolves when the node has taken it: everybody who stays gets it then.
   * Rejects when it is refused, or when the connection is lost first: then nobody knows.
   */
  publish(event: E, { echo = true }: PublishChoice = {}): Promise<void> {
    return this.#owner.publish(this.name, event, echo);
  }

  /** Shows the others something else. */
  show(presence: unknown): void {
    this.#presence = presence;
    if (this.isJoined) this.#owner.tell({ type: "presence", room: this.name, presence });
  }

  leave(): void {
    this.#owner.tell({ type: "leave", room: this.name });
    this.#owner.forget(this.name);
  }

  /** For `hello`; undefined: there is nothing to go on from. */
  resumed(): Resumed | undefined {
    if (this.#since === undefined) return undefined;
    return { cursor: this.#cursor, ageMs: Math.ceil(this.#owner.now() - this.#since) };
  }

  /** A new connection stands. */
  joinAgain(): void {
    if (this.#isGiven) return;
    const watch = this.#handlers.members !== undefined;
    this.#owner.tell({
      type: "join",
      room: this.name,
      ...(this.#presence !== undefined && { presence: this.#presence }),
      ...(watch && { watch }),
    });
  }

  disconnected(): void {
    this.isJoined = false;
  }

  take({ origin, number, form, payload }: ClientMessage): void {
    if (number <= (this.#had(origin) ?? 0)) return;
    this.#cursor[origin] = number;
    let event: unknown = payload;
    if (form === "j") {
      try {
        event = JSON.parse(payload as string);
      } catch {
        return;
      }
    }
    this.#handlers.message?.(event as E, { origin, number });
  }

  told(frame: Extract<ToClient, { readonly room: string }>): void {
    switch (frame.type) {
      case "joined":
        this.#raise(frame.cursor);
        this.#since ??= this.#owner.now();
        this.isJoined = true;
        return this.#handlers.joined?.();
      case "cursor":
        return this.#raise(frame.cursor);
      case "gap":
        return this.#gap(frame);
      case "presence":
        return this.#present(frame);
      case "refused":
        if (frame.request === "join") this.#handlers.refused?.(frame.reason);
        return;
      case "left":
        return this.#owner.forget(this.name);
    }
  }

  #raise(cursor: ClientCursor): void {
    // A node that hears late of an origin may be behind this client: what it had stays had.
    for (const [origin, number] of Object.entries(cursor)) {
      this.#cursor[origin] = Math.max(number, this.#had(origin) ?? 0);
    }
  }

  /** Number of the last message of an origin that is here, also of one that was given up. */
  #had(origin: string): number | undefined {
    return this.#cursor[origin] ?? this.#past.get(origin);
  }

  #gap({ origin, after, upTo, cause }: Extract<ToClient, { type: "gap" }>): void {
    const had = this.#had(origin) ?? after;
    if (upTo === null) {
      // Nothing more will come from there; should it all the same, it is told from what was before.
      delete this.#cursor[origin];
      this.#past.set(origin, had);
      const [oldest] = this.#past.keys();
      if (this.#past.size > PAST_MAX && oldest !== undefined) this.#past.delete(oldest);
    } else if (upTo > had) {
      this.#cursor[origin] = upTo;
    }
    this.#handlers.gap?.({ origin, after, upTo: upTo ?? undefined, cause });
  }

  #present({ all, joined, left }: Extract<ToClient, { type: "presence" }>): void {
    const gone = [...left];
    if (all) {
      const here = new Set(joined.map(({ socket }) => socket));
      for (const socket of this.members.keys()) if (!here.has(socket)) gone.push(socket);
    }
    for (const socket of gone) this.members.delete(socket);
    for (const member of joined) this.members.set(member.socket, member);
    this.#handlers.members?.(joined, gone);
  }
}

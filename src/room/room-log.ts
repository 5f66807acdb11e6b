/**
 * What a scheduler has published, by room: the last number, and a window of the newest messages, whether the room has
 * members or not. Numbers of a room grow by one from wherever the origin began it.
 */
import {
  ROOM_LASTS_MAX,
  ROOM_ORIGINS_MAX,
  ROOM_WINDOW_BYTES,
  ROOM_WINDOW_MESSAGES,
  ROOM_WINDOW_MS,
  ROOM_WINDOWS_BYTES_MAX,
} from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import type { RoomEntry, RoomMessage } from "../wire/room-entry.ts";
import type { RoomCursor } from "../wire/room-message.ts";

export interface RoomLogLimits {
  readonly windowMessages: number;
  readonly windowBytes: number;
  readonly windowMs: Millis;
  readonly windowsBytesMax: number;
  readonly lastsMax: number;
}

const LIMITS: RoomLogLimits = {
  windowMessages: ROOM_WINDOW_MESSAGES,
  windowBytes: ROOM_WINDOW_BYTES,
  windowMs: ROOM_WINDOW_MS,
  windowsBytesMax: ROOM_WINDOWS_BYTES_MAX,
  lastsMax: ROOM_LASTS_MAX,
};

/** Bytes that a kept message costs besides its payload, and besides the ids in it. */
const ENTRY_BYTES = 96;
const EXCEPT_BYTES = 40;

const bytesOf = ({ except, payload }: RoomMessage): number =>
  payload.length + ENTRY_BYTES + except.length * EXCEPT_BYTES;

interface Kept {
  readonly message: RoomMessage;
  readonly at: Millis;
}

class Window {
  /** A ring: the message with number n is at n % its length. Doubles until it has the most that is kept. */
  #ring: (Kept | undefined)[] = new Array<Kept | undefined>(4).fill(undefined);
  first: number;
  last: number;
  bytes = 0;
  usedAt: Millis = 0;
  /** When the last message was published that is not kept any more; -Infinity: none. */
  trimmedAt: Millis;

  constructor(last: number, trimmedAt: Millis) {
    this.last = last;
    this.first = last + 1;
    this.trimmedAt = trimmedAt;
  }

  get length(): number {
    return this.last - this.first + 1;
  }

  at(number: number): Kept {
    return this.#ring[number % this.#ring.length]!;
  }

  push(kept: Kept): void {
    if (this.length === this.#ring.length) this.#grow();
    this.last++;
    this.#ring[this.last % this.#ring.length] = kept;
    this.bytes += bytesOf(kept.message);
    this.usedAt = kept.at;
  }

  /** Forgets the oldest; returns its bytes. */
  trim(): number {
    const kept = this.at(this.first);
    this.#ring[this.first % this.#ring.length] = undefined;
    this.first++;
    this.trimmedAt = kept.at;
    const bytes = bytesOf(kept.message);
    this.bytes -= bytes;
    return bytes;
  }

  #grow(): void {
    const wider = new Array<Kept | undefined>(this.#ring.length * 2).fill(undefined);
    for (let n = this.first; n <= this.last; n++) wider[n % wider.length] = this.at(n);
    this.#ring = wider;
  }
}

/** What an origin has to say of a room: a `tell` without its addresses. */
export interface Told {
  readonly last: number;
  readonly first: number;
  readonly trimmedAgeMs: number;
  readonly entries: readonly RoomEntry[];
}

export class RoomLog {
  readonly #limits: RoomLogLimits;
  readonly #windows = new Map<string, Window>();
  /** Rooms that have no window any more: last number, and when it was published. */
  readonly #lasts = new Map<string, { readonly last: number; readonly at: Millis }>();
  /** No number that is not remembered is above this one. */
  #floor = 0;
  #flooredAt: Millis = -Infinity;
  #bytes = 0;

  constructor(limits: Partial<RoomLogLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Bytes kept, for metrics and leak checks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Rooms with kept messages. */
  get size(): number {
    return this.#windows.size;
  }

  /** Keeps a message, which belongs to the log from now on. @returns its number */
  append(room: string, message: RoomMessage, now: Millis): number {
    let window = this.#windows.get(room);
    if (window === undefined) {
      const before = this.#lasts.get(room);
      this.#lasts.delete(room);
      window = new Window(before?.last ?? this.#floor, before?.at ?? this.#flooredAt);
      this.#windows.set(room, window);
    }
    window.push({ message, at: now });
    this.#bytes += bytesOf(message);
    const { windowBytes, windowMessages, windowsBytesMax } = this.#limits;
    while (window.length > windowMessages || (window.bytes > windowBytes && window.length > 1)) {
      this.#bytes -= window.trim();
    }
    if (this.#bytes > windowsBytesMax) this.#makeRoom(window);
    return window.last;
  }

  last(room: string): number {
    return this.#windows.get(room)?.last ?? this.#lasts.get(room)?.last ?? this.#floor;
  }

  /** What follows `after`, if that is given, and what is younger than `ageMs`, whichever is more. */
  tell(room: string, after: number | undefined, ageMs: Millis, now: Millis): Told {
    const window = this.#windows.get(room);
    if (window === undefined) {
      const last = this.last(room);
      const at = this.#lasts.get(room)?.at ?? this.#flooredAt;
      return { last, first: last + 1, trimmedAgeMs: now - at, entries: [] };
    }
    const { first, last } = window;
    let start = last + 1;
    while (start > first && now - window.at(start - 1).at <= ageMs) start--;
    if (after !== undefined) start = Math.min(start, Math.max(after + 1, first));
    const entries: RoomEntry[] = [];
    for (let number = start; number <= last; number++) {
      const { at, message } = window.at(number);
      entries.push({ ...message, number, ageMs: now - at });
    }
    return { last, first, trimmedAgeMs: now - window.trimmedAt, entries };
  }

  /** Forgets what has been silent for long. Every few seconds. */
  sweep(now: Millis): void {
    for (const [room, window] of this.#windows) {
      if (now - window.usedAt >= this.#limits.windowMs) this.#retire(room, window);
    }
  }

  #makeRoom(newest: Window): void {
    const byAge = [...this.#windows].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    // Some more than needed, so that this is seldom done.
    const enough = this.#limits.windowsBytesMax * 0.9;
    for (const [room, window] of byAge) {
      if (this.#bytes <= enough) return;
      if (window !== newest) this.#retire(room, window);
    }
  }

  #retire(room: string, window: Window): void {
    this.#windows.delete(room);
    this.#bytes -= window.bytes;
    this.#lasts.set(room, { last: window.last, at: window.usedAt });
    if (this.#lasts.size <= this.#limits.lastsMax) return;
    for (const [oldest, { last, at }] of this.#lasts) {
      this.#lasts.delete(oldest);
      this.#floor = Math.max(this.#floor, last);
      this.#flooredAt = Math.max(this.#flooredAt, at);
      return;
    }
  }
}

/**
 * The smaller number of each origin: what has to be asked for so that both are served. Clients make up origins as they like,
 * and each question goes to all nodes: what is too many is left out, and told by age.
 */
export function lowest(into: Map<number, number>, cursor: RoomCursor): void {
  for (const [origin, number] of cursor) {
    const before = into.get(origin);
    if (before === undefined ? into.size < ROOM_ORIGINS_MAX : number < before) {
      into.set(origin, number);
    }
  }
}

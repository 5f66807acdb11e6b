/** What a network does to what passes, as a set of conditions that faults put on and take off again. */
import type { Millis } from "../../base/millis.ts";

/** One thing that is the matter with one direction between two hosts; the worst of all conditions counts. */
export interface WayCondition {
  /** Nothing gets through, and nobody is told. */
  readonly cut?: boolean;
  /** Milliseconds on top of what the way takes, and more of them at random. */
  readonly delayMs?: Millis;
  readonly jitterMs?: Millis;
  readonly bytesPerMs?: number;
}

/** One thing that is the matter with a host. */
export interface HostCondition {
  /** Dials of it are refused: nobody listens as far as anybody can see. */
  readonly refuses?: boolean;
  /** Dials of it are not answered: a firewall, or no power. */
  readonly silent?: boolean;
  /** Bytes that its connections take before the other side has read them. */
  readonly windowBytes?: number;
  /** How fast it reads, each connection. */
  readonly readBytesPerMs?: number;
}

/** Bytes that a connection takes before the other side has read them, when nothing is the matter. */
const WINDOW_BYTES = 128 * 1024;

/** One direction between two hosts. */
export class Way {
  delayMs: Millis = 0.2;
  jitterMs: Millis = 0.8;
  bytesPerMs = Infinity;
  isCut = false;
  /** When what was sent last has left, where the bandwidth is limited. */
  freeAt: Millis = 0;
  readonly #conditions = new Set<WayCondition>();

  /** Until the result is called. */
  impair(condition: WayCondition): () => void {
    this.#conditions.add(condition);
    this.#compute();
    return () => {
      if (this.#conditions.delete(condition)) this.#compute();
    };
  }

  /** Whatever was the matter is over. */
  heal(): void {
    this.#conditions.clear();
    this.#compute();
  }

  /** Only what cuts it. */
  mend(): void {
    for (const condition of this.#conditions) {
      if (condition.cut === true) this.#conditions.delete(condition);
    }
    this.#compute();
  }

  #compute(): void {
    this.isCut = false;
    this.delayMs = 0.2;
    this.jitterMs = 0.8;
    this.bytesPerMs = Infinity;
    for (const { cut, delayMs, jitterMs, bytesPerMs } of this.#conditions) {
      if (cut === true) this.isCut = true;
      this.delayMs += delayMs ?? 0;
      this.jitterMs += jitterMs ?? 0;
      this.bytesPerMs = Math.min(this.bytesPerMs, bytesPerMs ?? Infinity);
    }
    if (this.bytesPerMs === Infinity) this.freeAt = 0;
  }
}

/** One machine as the network sees it. */
export class Host {
  refuses = false;
  silent = false;
  windowBytes = WINDOW_BYTES;
  readBytesPerMs = Infinity;
  readonly #conditions = new Set<HostCondition>();

  /** Until the result is called. */
  impair(condition: HostCondition): () => void {
    this.#conditions.add(condition);
    this.#compute();
    return () => {
      if (this.#conditions.delete(condition)) this.#compute();
    };
  }

  heal(): void {
    this.#conditions.clear();
    this.#compute();
  }

  /** Its connections take less than they do otherwise. */
  get isCramped(): boolean {
    return this.windowBytes < WINDOW_BYTES;
  }

  #compute(): void {
    const all = [...this.#conditions];
    this.refuses = all.some(({ refuses }) => refuses === true);
    this.silent = all.some(({ silent }) => silent === true);
    this.windowBytes = Math.min(
      WINDOW_BYTES,
      ...all.map(({ windowBytes }) => windowBytes ?? Infinity),
    );
    this.readBytesPerMs = Math.min(
      ...all.map(({ readBytesPerMs }) => readBytesPerMs ?? Infinity),
      Infinity,
    );
  }
}

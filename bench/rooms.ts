/**
 * Rooms over three nodes: ours, of the executable, against socket.io 4 with its Redis adapter and its engine for Bun. The same
 * sockets, the same rooms, the same bursts, from one program that finds frames by their lengths and nothing else. The sides take
 * turns round by round; the median of the rounds counts.
 */
import { Folder } from "../test/e2e/support/folder.ts";
import { buildIfNeeded } from "../test/e2e/support/program.ts";
import { crossNodeFrames } from "./rooms/frames.ts";
import {
  residentBytes,
  startSnow,
  startSocketIo,
  type RoomSide,
  type RoomSocket,
} from "./rooms/side.ts";
import { compare, median, type Report, type Row, type Wanted } from "./row.ts";

const NODES = 3;
const SOCKETS_PER_NODE = 1_000;
const ROOMS_MANY = 10_000;
/** Messages of one burst of one node. */
const BURST = 10;
const BURST_MANY = 2_000;
/** Bursts that are out at a time: while one arrives the next is on its way. */
const BURSTS_OUT = 2;
const ROUND_MS = 2_500;
/** The first one warms up and does not count. */
const ROUNDS = 4;
const STAMP_CHARS = 20;

/** Clients of one side, and what they have received. */
class Crowd {
  readonly side: RoomSide;
  readonly sockets: RoomSocket[] = [];
  received = 0;
  latencies: number[] | undefined;
  #wanted = Infinity;
  #reached: (() => void) | undefined;
  #next = 0;

  constructor(side: RoomSide) {
    this.side = side;
  }

  /** `roomsOf`: the rooms of the n-th socket of a node. */
  async fill(perNode: number, roomsOf: (n: number) => readonly string[]): Promise<void> {
    const AT_ONCE = 50;
    for (let n = 0; n < perNode; n += AT_ONCE) {
      const some = Array.from(
        { length: Math.min(AT_ONCE, perNode - n) },
        (_none, more) => n + more,
      );
      await Promise.all(
        Array.from({ length: NODES }, (_none, node) => node).flatMap((node) =>
          some.map(async (place) => {
            const socket = await this.side.connect(node, (bytes, start) =>
              this.#take(bytes, start),
            );
            await socket.join(roomsOf(place));
            this.sockets[place * NODES + node] = socket;
          }),
        ),
      );
    }
  }

  /** Deliveries a second: every node publishes bursts, a new one as soon as an old one has arrived everywhere. */
  async flood(burst: number, rooms: number, membersOfRoom: number): Promise<number> {
    const expected = burst * NODES * membersOfRoom;
    const startedAt = performance.now();
    const start = this.received;
    let out = 0;
    while (performance.now() - startedAt < ROUND_MS) {
      while (out < BURSTS_OUT) {
        this.#burst(burst, rooms);
        out++;
      }
      await this.#reach(this.#base + expected);
      this.#base += expected;
      out--;
    }
    await this.#reach(this.#base + out * expected);
    this.#base += out * expected;
    return ((this.received - start) / (performance.now() - startedAt)) * 1_000;
  }

  /** The 99th percentile of the milliseconds from publishing to arrival, at so many messages a second. */
  async paced(perSecond: number, rooms: number, members: number): Promise<number> {
    this.latencies = [];
    const startedAt = performance.now();
    let published = 0;
    while (performance.now() - startedAt < ROUND_MS) {
      const due = ((performance.now() - startedAt) / 1_000) * perSecond;
      for (; published < due; published++) {
        this.sockets[published % NODES]!.burst(1, rooms, this.#next++ % rooms);
      }
      await Bun.sleep(1);
    }
    await this.#reach(this.#base + published * members);
    this.#base += published * members;
    const sorted = this.latencies.toSorted((a, b) => a - b);
    this.latencies = undefined;
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  }

  close(): void {
    for (const socket of this.sockets) socket?.close();
  }

  #base = 0;

  #burst(count: number, rooms: number): void {
    for (let node = 0; node < NODES; node++) {
      this.sockets[node]!.burst(count, rooms, this.#next % rooms);
      this.#next += count;
    }
  }

  #reach(count: number): Promise<void> {
    if (this.received >= count) return Promise.resolve();
    this.#wanted = count;
    const stuck = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => stuck.reject(new Error(`${this.side.label}: ${this.received} of ${count} arrived`)),
      20_000,
    );
    this.#reached = () => {
      clearTimeout(timer);
      stuck.resolve();
    };
    return stuck.promise;
  }

  #take(bytes: Uint8Array, start: number): void {
    this.received++;
    // One in sixteen is enough to know how late they are.
    if (this.latencies !== undefined && (this.received & 15) === 0) {
      const stamp = Number(String.fromCharCode(...bytes.subarray(start, start + STAMP_CHARS)));
      this.latencies.push(performance.timeOrigin + performance.now() - stamp);
    }
    if (this.received >= this.#wanted) {
      this.#wanted = Infinity;
      this.#reached?.();
    }
  }
}

export async function run(report: Report, wanted: Wanted): Promise<void> {
  await buildIfNeeded();
  if (wanted("rooms.cross_node_frames")) report(await crossNodeFrames());
  const oneRoom = ["rooms.deliveries", "rooms.p99_ms", "rooms.socket_bytes"].some(wanted);
  if (oneRoom) await withSides((sides) => measureOneRoom(sides, report));
  if (wanted("rooms.many")) await withSides((sides) => measureMany(sides, report));
}

async function withSides(measure: (sides: readonly RoomSide[]) => Promise<void>): Promise<void> {
  using folder = new Folder();
  await using ours = await startSnow();
  await using theirs = await startSocketIo(folder);
  await measure(theirs === undefined ? [ours] : [ours, theirs]);
}

async function measureOneRoom(sides: readonly RoomSide[], report: Report): Promise<void> {
  const crowds: Crowd[] = [];
  const bytes: number[] = [];
  for (const side of sides) {
    const before = side.pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
    const crowd = new Crowd(side);
    await crowd.fill(SOCKETS_PER_NODE, () => ["room0"]);
    crowds.push(crowd);
    const after = side.pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
    bytes.push((after - before) / (SOCKETS_PER_NODE * NODES));
  }
  const members = SOCKETS_PER_NODE * NODES;
  const rates = await inTurn(crowds, (crowd) => crowd.flood(BURST, 1, members));
  // Half of what the slower one can do, for both.
  const perSecond = Math.min(...rates) / members / 2;
  const late = await inTurn(crowds, (crowd) => crowd.paced(perSecond, 1, members));
  report(row("rooms.deliveries", "/s", rates, "higher"));
  report(row("rooms.p99_ms", "ms", late, "lower"));
  report(row("rooms.socket_bytes", "bytes", bytes, "lower"));
  for (const crowd of crowds) crowd.close();
}

/** Every room has one member on each node; every socket is in ten rooms. */
async function measureMany(sides: readonly RoomSide[], report: Report): Promise<void> {
  const perSocket = ROOMS_MANY / SOCKETS_PER_NODE;
  const crowds = sides.map((side) => new Crowd(side));
  for (const crowd of crowds) {
    await crowd.fill(SOCKETS_PER_NODE, (n) =>
      Array.from({ length: perSocket }, (_none, more) => `room${n * perSocket + more}`),
    );
  }
  const rates = await inTurn(crowds, (crowd) => crowd.flood(BURST_MANY, ROOMS_MANY, NODES));
  report(row("rooms.many", "/s", rates, "higher"));
  for (const crowd of crowds) crowd.close();
}

async function inTurn(
  crowds: readonly Crowd[],
  measure: (crowd: Crowd) => Promise<number>,
): Promise<number[]> {
  const rounds: number[][] = crowds.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [place, crowd] of crowds.entries()) {
      const value = await measure(crowd);
      if (round > 0) rounds[place]!.push(value);
    }
  }
  return rounds.map(median);
}

function row(
  name: string,
  unit: string,
  [ours, theirs]: readonly number[],
  better: "higher" | "lower",
): Row {
  if (theirs === undefined) return { name, value: ours!, unit };
  return compare(name, unit, ours!, "socket.io", theirs, better);
}

import type { Checker, Run } from "../run.ts";
import { nodeOf } from "../run.ts";
import { ROOM, roomLog, type RoomClient } from "../workloads/rooms.ts";

/**
 * Every client has each message since it joined, once and in order for each publisher; what is missing it was told of. No node
 * sends on one socket what it sent there before, or what the client said it had. Every scheduler of every node sees the same members, which are the sockets that are there.
 */
export const rooms: Checker = {
  name: "rooms",
  settled(run) {
    return [...roomLog.clients.flatMap((client) => missed(run, client)), ...presence(run)];
  },
  ended(run) {
    return [...run.schedulers()].flatMap(({ node, scheduler }) => {
      const { length } = scheduler.services.rooms(undefined as never).members(ROOM);
      return length === 0 ? [] : [`${node.name} ${scheduler.index} sees ${length} who are gone`];
    });
  },
};

function missed(run: Run, client: RoomClient): string[] {
  if (!client.isJoined) return [`${client.name} is not in the room`];
  const failures = client.again.map((what) => `${client.name}: was sent ${what}`);
  const living = run.living();
  const got = new Map<string, number[]>();
  for (const { by, n } of client.got) got.set(by, [...(got.get(by) ?? []), n]);
  for (const [by, numbers] of got) {
    const wrong = numbers.findIndex((n, place) => place > 0 && n <= numbers[place - 1]!);
    if (wrong < 0) continue;
    const what = numbers.indexOf(numbers[wrong]!) < wrong ? "twice" : "out of order";
    failures.push(`${client.name}: ${numbers[wrong]} of ${by} ${what}`);
  }
  for (const { by, n, at } of roomLog.sent) {
    if (at < (client.joinedAt ?? Infinity) || got.get(by)?.includes(n) === true) continue;
    const origin = roomLog.originOf.get(by);
    // Of an origin that died before anybody met it nobody can tell; if somebody did, a gap of it was told.
    const isDead = !living.has(by);
    if (isDead && !client.heard.has(by)) continue;
    const isTold = client.gaps.some(
      (gap) =>
        // Windows hold far more than a run publishes.
        gap.cause !== "window" &&
        gap.origin === origin &&
        n > gap.after &&
        n <= (gap.upTo ?? Infinity),
    );
    if (isTold) continue;
    const state = isDead ? "is dead" : "lives";
    failures.push(`${client.name}: misses ${n} of ${by} on ${nodeOf(by)}, which ${state}`);
  }
  return failures;
}

function presence(run: Run): string[] {
  const wanted = roomLog.clients
    .filter(({ isJoined }) => isJoined)
    .map(({ name }) => name)
    .toSorted()
    .join(", ");
  const failures: string[] = [];
  for (const { node, scheduler } of run.schedulers()) {
    const seen = scheduler.services
      .rooms(undefined as never)
      .members(ROOM)
      .map(({ presence: name }) => String(name))
      .toSorted()
      .join(", ");
    if (seen !== wanted)
      failures.push(`${node.name} ${scheduler.index} sees ${seen}; there are ${wanted}`);
  }
  return failures;
}

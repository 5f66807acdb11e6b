/** The programs of the local suite on nact. Each resolves with its milliseconds once its work was done. */
import {
  dispatch,
  query,
  spawn,
  spawnStateless,
  start,
  stop,
  type ActorSystemRef,
  type Ref,
} from "nact";

import type { PeerPrograms } from "./peer-programs.ts";

const QUERY_MS = 60_000;

interface Numbered {
  readonly n: number;
}

async function within(work: (system: ActorSystemRef) => Promise<void>): Promise<number> {
  const system = start();
  const begin = performance.now();
  await work(system);
  const took = performance.now() - begin;
  stop(system);
  return took;
}

const done = (): { promise: Promise<number>; resolve: (value: number) => void } =>
  Promise.withResolvers<number>();

function expectEqual(got: number, expected: number): void {
  if (got !== expected) throw new Error(`nact: got ${got}, expected ${expected}`);
}

export const nact: PeerPrograms = {
  pingpong: (size) =>
    within(async (system) => {
      const over = done();
      const pong = spawnStateless(system, ({ n, from }: { n: number; from: Ref<Numbered> }) => {
        dispatch(from, { n: n + 1 });
      });
      const ping = spawnStateless(system, ({ n }: { n: number }, { self }) => {
        if (n === size) over.resolve(n);
        else dispatch(pong, { n, from: self });
      });
      dispatch(ping, { n: 0 });
      expectEqual(await over.promise, size);
    }),

  flood: (size) =>
    within(async (system) => {
      const over = done();
      const sink = spawn(
        system,
        (state = { sum: 0, count: 0 }, message: { type: "add"; by: number }) => {
          state.sum += message.by;
          if (++state.count === size) over.resolve(state.sum);
          return state;
        },
      );
      for (let count = 0; count < size; count++) dispatch(sink, { type: "add", by: 1 });
      expectEqual(await over.promise, size);
    }),

  spawn_reply: (size) =>
    within(async (system) => {
      for (let count = 0; count < size; count++) {
        const over = done();
        const child = spawnStateless(system, (n: number) => over.resolve(n));
        dispatch(child, count);
        // oxlint-disable-next-line no-await-in-loop -- in turn
        expectEqual(await over.promise, count);
        stop(child);
      }
    }),

  server_call: (size) =>
    within(async (system) => {
      const account = spawnStateless(system, ({ from }: { from: Ref<number> }) =>
        dispatch(from, 1),
      );
      let sum = 0;
      for (let count = 0; count < size; count++) {
        // oxlint-disable-next-line no-await-in-loop -- in turn
        sum += await query(account, (from: Ref<number>) => ({ from }), QUERY_MS);
      }
      expectEqual(sum, size);
    }),
};

/** The programs of the local suite on the actors of XState. Each resolves with its milliseconds once its work was done. */
import { createActor, fromCallback, fromTransition, type AnyActorRef } from "xstate";

import type { PeerPrograms } from "./peer-programs.ts";

type Numbered = { readonly type: "n"; readonly n: number };

async function timed(work: () => Promise<void> | void): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function expectEqual(got: number, expected: number): void {
  if (got !== expected) throw new Error(`XState: got ${got}, expected ${expected}`);
}

/** Sending runs the receiver before it returns, so an exchange must come out of a new turn or the stack overflows. */
const YIELD_EVERY = 100;

export const xstate: PeerPrograms = {
  pingpong: (size) =>
    timed(async () => {
      const over = Promise.withResolvers<number>();
      let ping: AnyActorRef | undefined = undefined;
      const pong = createActor(
        fromCallback<Numbered>(({ receive }) => {
          receive(({ n }) => ping?.send({ type: "n", n: n + 1 }));
        }),
      ).start();
      ping = createActor(
        fromCallback<Numbered>(({ receive }) => {
          receive(({ n }) => {
            if (n === size) over.resolve(n);
            else if (n % YIELD_EVERY === 0) queueMicrotask(() => pong.send({ type: "n", n }));
            else pong.send({ type: "n", n });
          });
        }),
      ).start();
      ping.send({ type: "n", n: 0 });
      expectEqual(await over.promise, size);
    }),

  flood: (size) =>
    timed(() => {
      const sink = createActor(
        fromTransition(
          (sum: number, event: { readonly type: "add"; readonly by: number }) => sum + event.by,
          0,
        ),
      ).start();
      for (let count = 0; count < size; count++) sink.send({ type: "add", by: 1 });
      expectEqual(sink.getSnapshot().context, size);
    }),

  spawn_reply: (size) =>
    timed(() => {
      let replies = 0;
      for (let count = 0; count < size; count++) {
        const child = createActor(
          fromCallback<Numbered>(({ receive }) => {
            receive(({ n }) => {
              expectEqual(n, count);
              replies++;
            });
          }),
        ).start();
        child.send({ type: "n", n: count });
        child.stop();
      }
      expectEqual(replies, size);
    }),
};

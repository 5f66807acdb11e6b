/**
 * Runs scenarios on nodes that are programs of their own, where nothing but the public API can be reached: a process of the
 * near node is the tester, and what it must know of the tables it asks the test that looks at the nodes from outside.
 */
import { define, type Context, type Pid } from "snow-node";

import type { Any, Placement, Tester } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** Each question to the test goes out as a line of the log, and its answer comes as a message to this name. */
export const ANSWERS = "conformance.answers";
/** There and back so often that whatever was on its way, and what that caused, has arrived. */
const CALM_ROUNDS = 4;
const SCHEDULERS = [1, 2];

/** Where everything is: the tester on scheduler 1 of `near`, the others at `far`. */
export interface Places {
  readonly near: string;
  readonly far: { readonly node: string; readonly scheduler: number };
}

const asked = new Map<number, (links: string[]) => void>();

/** Takes what the test answers. On scheduler 1, as the tester is. */
export const answers = define(
  ANSWERS,
  async (ctx: Context<{ type: "links"; question: number; links: string[] }>) => {
    ctx.register(ANSWERS);
    for await (const { question, links } of ctx.messages()) {
      asked.get(question)?.(links);
      asked.delete(question);
    }
  },
);

/** Answers when everything before it has been handled. */
const echo = define("conformance.echo", async (_ctx: Context<never>) => true);

let questions = 0;

function placementOf(ctx: Tester, { near, far }: Places): Placement {
  const places = [near, far.node].flatMap((node) =>
    SCHEDULERS.map((scheduler) => ({ node, scheduler }) as Any),
  );
  return {
    far,
    farNode: far.node,
    settled: async () => {
      for (let round = 0; round < CALM_ROUNDS; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await Promise.all(places.map((place) => ctx.rpc(place, echo, [])));
      }
    },
    linksOf: (pid: Pid) =>
      new Promise((resolve) => {
        const question = ++questions;
        asked.set(question, resolve);
        ctx.log.info("links?", { question, of: pid.toString() });
      }),
  };
}

/** Runs one scenario and says in the log how it went. */
export const run = define(
  "conformance.run",
  async (context: Context<Any>, index: number, places: Places) => {
    const ctx = context as unknown as Tester;
    const scenario = scenarios[index]!;
    let failure: string | undefined;
    try {
      await scenario.run(ctx, placementOf(ctx, places));
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    ctx.log.info("scenario is over", { index, failure });
  },
);

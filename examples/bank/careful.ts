import { CallError, define, type Context } from "snow-node";
import { account, type Place } from "./account.ts";

/** Milliseconds between two attempts. */
const RETRY_MS = 100;

/**
 * Moves money from one account to another. A call that failed may have been carried out or not, so it is made again, under
 * the same id, until there is an answer: the account does nothing twice.
 */
export const transfer = define(
  "careful transfer",
  async (ctx: Context<never>, from: Place, to: Place, amount: number): Promise<void> => {
    const payer = account.client(ctx, from);
    const payee = account.client(ctx, to);
    const [out, back] = [crypto.randomUUID(), crypto.randomUUID()];
    await untilAnswered(ctx, () => payer.withdraw(out, amount));
    await untilAnswered(ctx, () => payee.deposit(back, amount));
  },
);

async function untilAnswered<T>(ctx: Context<never>, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isAnswer = !(error instanceof CallError) || error.code === "failed";
      if (isAnswer) throw error;
      await ctx.sleep(RETRY_MS);
    }
  }
}

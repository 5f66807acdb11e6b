import { CallError, define, type Context } from "snow-node";
import { account, type Place } from "./account.ts";

/**
 * Moves money from one account to another, with a mistake in it: a call that failed is taken for one that was not carried
 * out. Where the connection breaks after the money has arrived but before the answer has, it is given back as well.
 */
export const transfer = define(
  "careless transfer",
  async (ctx: Context<never>, from: Place, to: Place, amount: number): Promise<void> => {
    const payer = account.client(ctx, from);
    const payee = account.client(ctx, to);
    await payer.withdraw(crypto.randomUUID(), amount);
    try {
      await payee.deposit(crypto.randomUUID(), amount);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      await payer.deposit(crypto.randomUUID(), amount);
    }
  },
);

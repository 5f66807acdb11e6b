import { defineServer, fail } from "snow-node";

/** One account: what happens to it happens one thing at a time, however many requests come at once. */
export const account = defineServer("account", {
  init: (_ctx, opening: number) => ({ balance: opening }),
  calls: {
    balance: (ctx) => ctx.state.balance,
    deposit: (ctx, amount: number) => (ctx.state.balance += amount),
    withdraw: (ctx, amount: number) =>
      amount > ctx.state.balance ? fail("insufficient_funds") : (ctx.state.balance -= amount),
  },
});

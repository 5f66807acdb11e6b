import { defineServer, fail } from "snow-node";

/** An account in the memory of one node. It remembers what it has carried out, by the id that was given with it. */
export const account = defineServer("account", {
  init: (_ctx, opening: number) => ({ balance: opening, carriedOut: new Set<string>() }),
  calls: {
    balance: (ctx) => ctx.state.balance,
    deposit: (ctx, id: string, amount: number) => {
      if (ctx.state.carriedOut.has(id)) return ctx.state.balance;
      ctx.state.carriedOut.add(id);
      return (ctx.state.balance += amount);
    },
    withdraw: (ctx, id: string, amount: number) => {
      if (ctx.state.carriedOut.has(id)) return ctx.state.balance;
      if (amount > ctx.state.balance) return fail("insufficient_funds");
      ctx.state.carriedOut.add(id);
      return (ctx.state.balance -= amount);
    },
  },
});

/** Where an account is: its name, and the node that it lives on. */
export interface Place {
  readonly name: string;
  readonly node: string;
}

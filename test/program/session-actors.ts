/** The server of docs/testing.md: a login that runs out when nobody uses it. */
import { defineServer, stop, type Pid } from "../../src/index.ts";

/** Milliseconds after the last request until it ends. */
const IDLE_MS = 15 * 60_000;

export type Farewell = { readonly type: "logged_out"; readonly user: string };

export const login = defineServer("login", {
  init: (_ctx, user: string, tell: Pid<Farewell>) => ({ user, tell }),
  calls: {
    whoami: (ctx) => {
      ctx.idleMs = IDLE_MS;
      return ctx.state.user;
    },
  },
  idle: (ctx) => {
    ctx.send(ctx.state.tell, { type: "logged_out", user: ctx.state.user });
    return stop("normal");
  },
});

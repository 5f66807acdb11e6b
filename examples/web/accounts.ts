import { child, defineSupervisor, StartError, type Caller } from "snow-node";

import { account } from "./account.ts";

/** What a new account holds. */
const OPENING = 100;

/** Keeps the accounts alive: one that crashes is back with its opening balance, and the others do not notice. */
export const accounts = defineSupervisor("accounts", {
  intensity: 10,
  periodMs: 10_000,
  children: () => [],
});

/** The account of that name, opened by whoever asks first. */
export async function openAccount(by: Caller, name: string) {
  const id = `account/${name}`;
  if (by.whereis(id) === undefined) {
    const spec = child({
      id,
      start: account,
      args: [OPENING],
      name: id,
      scheduler: "spread",
      restart: "transient",
    });
    await accounts.startChild(by, "accounts", spec).catch((error: unknown) => {
      // Somebody else was first: that is as good.
      if (!(error instanceof StartError && error.code === "already_started")) throw error;
    });
  }
  return account.client(by, id);
}

import { afterAll, beforeAll, expect, test } from "bun:test";
import { account } from "../../examples/web/account.ts";
import { startWeb, type WebApplication } from "../../examples/web/server.ts";

const SETTINGS = {
  SNOW_COOKIE: "a cookie for the web example",
  SNOW_LISTEN_REGISTRY_PORT: "0",
  SNOW_SCHEDULERS: "2",
  SNOW_LOG_LEVEL: "error",
};
const before = { ...process.env };
let web: WebApplication;

beforeAll(async () => {
  Object.assign(process.env, SETTINGS);
  web = await startWeb({ port: 0 });
});

afterAll(async () => {
  await web[Symbol.asyncDispose]();
  for (const key of Object.keys(SETTINGS)) {
    if (before[key] === undefined) delete process.env[key];
    else process.env[key] = before[key];
  }
});

async function ask(path: string, body?: object): Promise<[number, unknown]> {
  const init = body === undefined ? undefined : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(new URL(path, web.url), init);
  return [response.status, await response.json()];
}

test("an account is opened by whoever asks for it first", async () => {
  expect(await ask("/accounts/acme")).toEqual([200, { name: "acme", balance: 100 }]);
  expect(await ask("/accounts/acme/deposit", { amount: 20 })).toEqual([200, { balance: 120 }]);
  expect(await ask("/accounts/acme")).toEqual([200, { name: "acme", balance: 120 }]);
});

test("requests at once change an account one after the other", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => ask("/accounts/rush/deposit", { amount: 1 })),
  );
  const balances = answers.map(([, answer]) => (answer as { balance: number }).balance);
  expect(balances.toSorted((a, b) => a - b)).toEqual(
    balances.map((_balance, place) => 101 + place),
  );
});

test("what the account refuses is a conflict, and it lives on", async () => {
  expect(await ask("/accounts/poor/withdraw", { amount: 101 })).toEqual([
    409,
    { error: "insufficient_funds" },
  ]);
  expect(await ask("/accounts/poor/withdraw", { amount: 100 })).toEqual([200, { balance: 0 }]);
});

test("what is no amount, and what is no path, is told so", async () => {
  for (const body of [{}, { amount: "1" }, { amount: -1 }]) {
    expect(await ask("/accounts/acme/deposit", body)).toEqual([
      400,
      { error: "amount: expected a number above 0" },
    ]);
  }
  expect((await ask("/nothing"))[0]).toBe(404);
  expect(await ask(`/accounts/${"long".repeat(100)}`)).toEqual([
    400,
    { error: expect.stringMatching(/^a name has 1 to 255 characters/) },
  ]);
});

test("an account that crashes is there again, and the others did not notice", async () => {
  await ask("/accounts/steady/deposit", { amount: 5 });
  await ask("/accounts/fragile/deposit", { amount: 5 });
  const { node } = web;
  const fragile = node.whereis("account/fragile")!;
  node.sendExit(fragile, "kill");
  await node.run(async (ctx) => {
    while (ctx.whereis("account/fragile") === fragile || !ctx.whereis("account/fragile")) {
      await ctx.sleep(5);
    }
  });
  expect(await ask("/accounts/fragile")).toEqual([200, { name: "fragile", balance: 100 }]);
  expect(await ask("/accounts/steady")).toEqual([200, { name: "steady", balance: 105 }]);
});

test("accounts are spread over the schedulers", async () => {
  for (const name of ["one", "two", "three", "four"]) await ask(`/accounts/${name}`);
  const homes = ["one", "two", "three", "four"].map(
    (name) => /\/(\d+)\./.exec(String(web.node.whereis(`account/${name}`)))![1],
  );
  expect(new Set(homes)).toEqual(new Set(["1", "2"]));
  expect(await account.client(web.node, "account/one").balance()).toBe(100);
});

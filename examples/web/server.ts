import { CallError, MisuseError, startNode, type Node } from "snow-node";

import { accounts, openAccount } from "./accounts.ts";

/** What runs: the node and the web server, and how to stop both. */
export interface WebApplication extends AsyncDisposable {
  readonly node: Node;
  readonly url: URL;
}

/** An ordinary `Bun.serve` application; its accounts are actors on all cores, and on other nodes if there are any. */
export async function startWeb(options: { readonly port: number }): Promise<WebApplication> {
  const node = await startNode({ modules: [import.meta.resolve("./accounts.ts")] });
  await accounts.start(node, [], { name: "accounts" });

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port,
    routes: {
      "/accounts/:name": async ({ params }) => {
        const acme = await openAccount(node, params.name);
        return Response.json({ name: params.name, balance: await acme.balance() });
      },
      "/accounts/:name/deposit": {
        POST: async (request) => {
          const amount = await amountOf(request);
          if (amount === undefined) return problem(400, "amount: expected a number above 0");
          const target = await openAccount(node, request.params.name);
          return Response.json({ balance: await target.deposit(amount) });
        },
      },
      "/accounts/:name/withdraw": {
        POST: async (request) => {
          const amount = await amountOf(request);
          if (amount === undefined) return problem(400, "amount: expected a number above 0");
          const target = await openAccount(node, request.params.name);
          return Response.json({ balance: await target.withdraw(amount) });
        },
      },
    },
    fetch: () => problem(404, "try /accounts/acme"),
    error: answerOf,
  });
  return {
    node,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await node.stop();
    },
  };
}

/** What an actor refuses is the client's business, what it did not answer is ours. */
function answerOf(error: Error): Response {
  // A name in the address that no process can have.
  if (error instanceof MisuseError && error.code === "bad_argument")
    return problem(400, error.message);
  if (!(error instanceof CallError)) throw error;
  if (error.code === "failed") return problem(409, (error.reason as { code: string }).code);
  return problem(error.code === "timeout" ? 504 : 503, error.code);
}

async function amountOf(request: Request): Promise<number | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  const { amount } = (body ?? {}) as { readonly amount?: unknown };
  return typeof amount === "number" && Number.isFinite(amount) && amount > 0 ? amount : undefined;
}

const problem = (status: number, text: string): Response =>
  Response.json({ error: text }, { status });

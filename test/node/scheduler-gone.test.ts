import { afterEach, expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { sha256Digest } from "../../src/bun/digest.ts";
import { entropy } from "../../src/bun/entropy.ts";
import { createLocalPorts } from "../../src/bun/local-ports.ts";
import { createTransport } from "../../src/bun/tls/tls-transport.ts";
import { define, type Context, type Down, type Pid } from "../../src/index.ts";
import { parseConfig } from "../../src/config/config.ts";
import { planNode, type NodePlan } from "../../src/node/node-plan.ts";
import { SchedulerDriver } from "../../src/node/scheduler/scheduler-driver.ts";
import type { ToControl } from "../../src/node/thread-message.ts";
import type { PortEnd, ThreadPort } from "../../src/port/threads.ts";

const running: SchedulerDriver[] = [];

afterEach(() => {
  for (const driver of running.splice(0)) driver.close();
});

function plan(): NodePlan {
  const config = parseConfig({
    environment: {},
    options: [],
    given: { "node.schedulers": 2, "node.name": "a@127.0.0.1:0" },
    directory: "/",
    cpus: 2,
  });
  return planNode({
    config,
    name: { name: "a@127.0.0.1", host: "127.0.0.1", port: 0 },
    cookies: { own: new Uint8Array(16), accepted: [new Uint8Array(16)], source: "test" } as never,
    version: "test",
    wall: clock.wall(),
    strict: false,
    listens: false,
  });
}

/** A scheduler of the plan on this thread, joined to the other by `other`. */
function start(setup: NodePlan, index: 1 | 2, other: ThreadPort) {
  const [control, far] = createLocalPorts();
  const said: ToControl[] = [];
  control.receive((message) => said.push(message as ToControl));
  const others = index === 1 ? [undefined, undefined, other] : [undefined, other, undefined];
  const driver = new SchedulerDriver(
    setup.schedulers[index - 1]!,
    { control: far, others },
    {
      clock,
      digest: sha256Digest,
      entropy,
      transport: createTransport({ mode: "off" }),
      log: { write: () => undefined },
      port: (end) => end as unknown as ThreadPort,
    },
  );
  driver.start();
  running.push(driver);
  return { driver, control, said };
}

type Count = { readonly type: "count"; readonly value: number };

const chatty = define("gone.chatty", async (ctx: Context<"go">, to: Pid<Count>, count: number) => {
  await ctx.receive();
  for (let value = 0; value < count; value++) ctx.send(to, { type: "count", value });
  await ctx.receive();
});

test("what a dead scheduler had sent comes before the news of its death, which ends links, monitors and waits", async () => {
  const setup = plan();
  const [left, right] = createLocalPorts();
  const first = start(setup, 1, left);
  const second = start(setup, 2, right);
  const node = first.driver.scheduler.caller();
  const [spare, its] = createLocalPorts();

  const seen = await first.driver.scheduler.run(async (ctx: Context<Count | Down>) => {
    const pid = await ctx.spawnOn({ scheduler: 2 }, chatty, [ctx.self, 1_000]);
    const ref = ctx.monitor(pid);
    const linked = first.driver.scheduler.run(async (other: Context<never>) => {
      other.link(pid);
      return other.receive();
    });
    const why = linked.catch((reason: unknown) => reason);
    await ctx.sleep(5);
    ctx.send(pid, "go");
    await ctx.receive("count");
    // Its thread ends now, with what it has posted on the way, and never answers this.
    const lost = ctx
      .spawnOn({ scheduler: 2 }, chatty, [ctx.self, 0], { timeoutMs: 1_000 })
      .catch((error: { readonly code: string }) => error.code);
    second.driver.close();
    first.control.post({ kind: "scheduler_gone", scheduler: 2, port: spare as unknown as PortEnd });
    const values: number[] = [0];
    for (;;) {
      const message = await ctx.receive();
      if (message.type === "count") values.push(message.value);
      else {
        expect(message.ref.toString()).toBe(ref.toString());
        return { values, reason: message.reason, linked: await why, code: await lost };
      }
    }
  });
  expect(seen.values).toEqual(Array.from({ length: 1_000 }, (_none, value) => value));
  expect(seen).toMatchObject({ reason: "killed", linked: "killed", code: "noconnection" });
  expect(first.said.map(({ kind }) => kind)).toContain("scheduler_drained");

  // What is asked of the next one waits for it, and its pids are new.
  const asked = node.spawnOn({ scheduler: 2 }, chatty, [node.whereis("nobody") as never, 0]);
  const third = start(setup, 2, its);
  const pid = await asked;
  expect(pid.toString()).toMatch(/\/2\.1025$/);
  expect(third.driver.scheduler.tables().processes).toBe(1);
});

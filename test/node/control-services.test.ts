import { expect, test } from "bun:test";
import { ControlServices } from "../../src/node/control/control-services.ts";
import type { ControlWorld } from "../../src/node/control/control-world.ts";
import type { PeerDriver } from "../../src/node/control/peers/peer-driver.ts";
import type { SchedulerGroup } from "../../src/node/control/schedulers/scheduler-group.ts";
import type { ControlService, ControlServiceWorld } from "../../src/service/service.ts";

/** A peer that writes down what is written to it: the messages of one write together. */
function peer(name: string, number: number) {
  let waiting = 0;
  const writes: number[] = [];
  const flush = (): void => {
    if (waiting > 0) writes.push(waiting);
    waiting = 0;
  };
  const enqueue = (): boolean => {
    waiting++;
    return true;
  };
  const send = (): boolean => {
    enqueue();
    flush();
    return true;
  };
  const driver = { name, number, hidden: false, enqueue, flush, send } as unknown as PeerDriver;
  return { driver, writes };
}

/** Services of which one answers each event with two messages to each of two nodes. */
function twice() {
  const [b, c] = [peer("b", 1), peer("c", 2)];
  const say = (world: ControlServiceWorld): void => {
    for (const to of ["b", "c", "b", "c"]) world.send(to, new Uint8Array(1));
  };
  let later = (): void => undefined;
  const makers = {
    names: (world: ControlServiceWorld): ControlService => {
      later = () => say(world);
      return {
        nodeUp: () => undefined,
        nodeDown: () => undefined,
        fromPeer: () => say(world),
        fromScheduler: () => say(world),
        stop: () => undefined,
      };
    },
  };
  const setup = {
    ...{ node: "a", creation: 1, schedulers: 1, refusedIsDown: false },
    globals: new SharedArrayBuffer(0),
  };
  const services = new ControlServices(makers, setup, {} as ControlWorld, {} as SchedulerGroup);
  for (const { driver } of [b, c]) services.nodeUp(driver, 1);
  return { b, c, services, later: () => later() };
}

test("what a service says while it handles an event goes to each node in one write", () => {
  const { b, c, services } = twice();
  services.fromScheduler(1, "names", undefined);
  expect([b.writes, c.writes]).toEqual([[2], [2]]);
  services.fromPeer(b.driver, { kind: "service", service: 0, body: new Uint8Array(0) });
  expect([b.writes, c.writes]).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

test("what it says at another time, for instance when its timer is up, leaves at once", () => {
  const { b, later } = twice();
  later();
  expect(b.writes).toEqual([1, 1]);
});

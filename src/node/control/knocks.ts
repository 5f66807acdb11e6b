import type { Clock } from "../../port/clock.ts";
import type { Address, Attempt, Transport } from "../../port/transport.ts";

/** Milliseconds that a dial may take; what takes longer was not refused. */
const KNOCK_MS = 5_000;

/** Dials that are only to show whether anybody listens. */
export class Knocks {
  readonly #world: { readonly clock: Clock; readonly transport: Transport };
  readonly #pending = new Set<() => void>();

  constructor(world: { readonly clock: Clock; readonly transport: Transport }) {
    this.#world = world;
  }

  /** Whether nobody listens there; false as well when nothing can be learnt. */
  isRefused(address: Address): Promise<boolean> {
    const { clock, transport } = this.#world;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const dialled: { attempt?: Attempt } = {};
    const settle = (isRefused: boolean): void => {
      this.#pending.delete(giveUp);
      clock.clearTimer(timer);
      resolve(isRefused);
    };
    const giveUp = (): void => {
      dialled.attempt?.cancel();
      settle(false);
    };
    const timer = clock.setTimer(KNOCK_MS, giveUp);
    this.#pending.add(giveUp);
    dialled.attempt = transport.dial(address, {
      opened: (connection) => {
        connection.end();
        settle(false);
      },
      received: () => undefined,
      drained: () => undefined,
      closed: (error) => settle(error?.code === "connection_refused"),
    });
    return promise;
  }

  close(): void {
    for (const giveUp of this.#pending) giveUp();
  }
}

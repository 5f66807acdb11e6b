/** Nodes of a world as a scenario has them: callers whose promises end with their node. */
import { CallError, MisuseError } from "../../base/error.ts";
import { nodeOf } from "../../node/scheduler/node-face.ts";
import type { Context, Node } from "../../process/api.ts";
import { ProcessContext } from "../../process/context.ts";
import { LIFE_DEAD } from "../../process/life.ts";
import { rejectPending } from "../../process/pending.ts";
import type { NodeCaller } from "../../scheduler/node-caller.ts";
import type { SimNode } from "../sim-node.ts";

interface Incarnation {
  readonly simulated: SimNode;
  readonly face: Node;
  /** Rejects what runs there for the scenario. */
  readonly running: Set<(error: Error) => void>;
  /** Told when it is gone. */
  readonly stopping: Set<() => void>;
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Calls of a node's face that go to its thread as a step of that thread. */
const STEPS = ["send", "sendExit", "call", "spawnOn", "rpc", "multiRpc"] as const;

export class ScenarioNodes<N extends string> {
  /** By short name: the present incarnation, or the last one. */
  readonly faces: { readonly [name in N]: Node };
  readonly #incarnations = new Map<string, Incarnation>();

  constructor(names: readonly N[], stop: (short: string) => void) {
    this.#stop = stop;
    const faces = Object.create(null) as { [name in N]: Node };
    for (const name of names) {
      Object.defineProperty(faces, name, { enumerable: true, get: () => this.#face(name) });
    }
    this.faces = faces;
  }

  readonly #stop: (short: string) => void;

  /** A node has started, or started again. */
  started(short: string, simulated: SimNode): void {
    this.buryDead();
    const running = new Set<(error: Error) => void>();
    const stopping = new Set<() => void>();
    const stop = (): Promise<void> =>
      new Promise((resolve) => {
        stopping.add(resolve);
        this.#stop(short);
      });
    const face = faceOf(simulated, running, stop);
    this.#incarnations.set(short, { simulated, face, running, stopping });
  }

  /** What was asked of nodes that have crashed since ends. */
  buryDead(): void {
    for (const { simulated, face, running, stopping } of this.#incarnations.values()) {
      if (!simulated.dead) continue;
      const caller = ProcessContext.process(face as unknown as ProcessContext) as NodeCaller;
      if (caller.life === LIFE_DEAD && running.size + stopping.size === 0) continue;
      const error = new CallError("noconnection", simulated.name);
      rejectPending(caller.bonds, error);
      caller.stop();
      for (const reject of running) reject(error);
      for (const resolve of stopping) resolve();
      running.clear();
      stopping.clear();
    }
  }

  #face(name: string): Node {
    const found = this.#incarnations.get(name);
    if (found === undefined) throw new MisuseError("not_running", `${name} has not started`);
    return found.face;
  }
}

function faceOf(
  simulated: SimNode,
  running: Set<(error: Error) => void>,
  stop: () => Promise<void>,
): Node {
  const { scheduler } = simulated.schedulers[0]!;
  const thread = simulated.threads[1]!;
  const step = <T>(body: () => T): T => {
    let result: T | undefined;
    thread.run(() => void (result = body()));
    return result as T;
  };
  const face = step(() => nodeOf(scheduler, stop));
  const own = face as unknown as Record<string, AnyFunction>;
  for (const name of STEPS) {
    const call = own[name]!.bind(face);
    own[name] = (...args) => step(() => call(...args));
  }
  own["run"] = (fn) =>
    new Promise((resolve, reject) => {
      if (simulated.dead) throw new MisuseError("not_running", "the node has stopped");
      running.add(reject);
      const body = fn as (ctx: Context<never>) => Promise<unknown>;
      const ended = step(() => scheduler.run<unknown, never>(body));
      ended.then(
        (value) => {
          running.delete(reject);
          resolve(value);
        },
        (reason: unknown) => {
          running.delete(reject);
          reject(reason as Error);
        },
      );
    });
  return face;
}

/**
 * Modules of the runtime as simulated code imports them. Free names in a module can be given to its graph; what a module
 * imports cannot, so the imports themselves are rewritten (`module-graph.ts`) to modules with these exports.
 */
import { createRequire } from "node:module";

import { refused, REFUSED_FUNCTIONS, REFUSED_MODULES } from "./refused.ts";
import { graphGlobals } from "./virtual-globals.ts";
import { type MachineOf, randomBytes, virtualTimers } from "./virtual-machine.ts";
import { fill, type Provided, type VirtualMembers } from "./virtual-members.ts";

type Exports = Record<string, unknown>;

const load = createRequire(import.meta.url);

/** Modules that are seen otherwise than they are, without `node:`. */
const REPLACED: readonly string[] = [
  ...REFUSED_MODULES,
  ...["bun", "timers", "timers/promises", "crypto", "perf_hooks", "process", "os"],
];

/** `fs` for `node:fs`, if simulated code sees another one. */
export function replacedModule(specifier: string): string | undefined {
  const name = specifier.replace(/^node:/, "");
  return REPLACED.includes(name) ? name : undefined;
}

/** What that module exports to simulated code. */
export function virtualExports(
  name: string,
  machineOf: MachineOf,
  members: VirtualMembers,
  provided: Provided,
): Exports {
  const exports = { ...madeExports(name, machineOf, members) };
  Object.assign(exports, provided[name], provided[`node:${name}`]);
  return { ...exports, default: exports };
}

function madeExports(name: string, machineOf: MachineOf, members: VirtualMembers): Exports {
  const globals = graphGlobals(members);
  switch (name) {
    case "bun":
      return bunExports(globals["Bun"] as Exports, members);
    case "timers":
      return { ...load("node:timers"), ...timersOf(machineOf) };
    case "timers/promises":
      return timerPromises(machineOf);
    case "crypto":
      return cryptoExports(machineOf, globals["crypto"]);
    case "perf_hooks":
      return { ...load("node:perf_hooks"), performance: globals["performance"] };
    case "process":
      return { ...load("node:process"), ...childrenOf("process", members) };
    case "os":
      return { ...load("node:os"), hostname: () => machineOf().host };
    default:
      return refusedExports(name);
  }
}

function timersOf(machineOf: MachineOf): Exports {
  const { setTimeout, setInterval, setImmediate, clearTimeout } = virtualTimers(machineOf);
  return {
    ...{ setTimeout, setInterval, setImmediate, clearTimeout },
    ...{ clearInterval: clearTimeout, clearImmediate: clearTimeout },
  };
}

function timerPromises(machineOf: MachineOf): Exports {
  const { sleep } = virtualTimers(machineOf);
  return {
    setTimeout: (ms?: number, value?: unknown) => sleep(Math.max(1, ms ?? 1)).then(() => value),
    setImmediate: (value?: unknown) => sleep(0).then(() => value),
    setInterval: refused("node:timers/promises.setInterval"),
    scheduler: { wait: (ms: number) => sleep(ms), yield: () => sleep(0) },
  };
}

/** Keys of Bun, without looking at those that are refused: some start a client when they are looked at. */
function bunExports(virtual: Exports, members: VirtualMembers): Exports {
  const exports: Exports = {};
  for (const key of Object.keys(Bun)) {
    exports[key] = members.has(`Bun.${key}`) ? members.get(`Bun.${key}`) : virtual[key];
  }
  return exports;
}

function childrenOf(root: string, members: VirtualMembers): Exports {
  const paths = [...members].filter(([path]) => path.startsWith(`${root}.`));
  return Object.fromEntries(paths.map(([path, value]) => [path.slice(root.length + 1), value]));
}

function cryptoExports(machineOf: MachineOf, webcrypto: unknown): Exports {
  const real = load("node:crypto") as Exports;
  const members = webcrypto as Crypto;
  const bytes = (size: number): Buffer => Buffer.from(randomBytes(machineOf(), size));
  const refusals = (REFUSED_FUNCTIONS["crypto"] ?? []).map((name) => [
    name,
    refused(`node:crypto.${name}`),
  ]);
  return {
    ...real,
    ...(Object.fromEntries(refusals) as Exports),
    webcrypto,
    randomUUID: () => members.randomUUID(),
    getRandomValues: <T extends ArrayBufferView>(view: T) => fill(machineOf, view),
    randomFillSync: <T extends ArrayBufferView>(view: T) => fill(machineOf, view),
    randomBytes: (size: number, done?: (error: null, bytes: Buffer) => void) => {
      if (done === undefined) return bytes(size);
      queueMicrotask(() => done(null, bytes(size)));
      return undefined;
    },
    randomInt: (low: number, high?: number) => {
      const [from, to] = high === undefined ? [0, low] : [low, high];
      return from + Math.floor(machineOf().random() * (to - from));
    },
  };
}

/** Constants stay; whatever can be called is refused. */
function refusedExports(name: string): Exports {
  const full = name.startsWith("bun:") ? name : `node:${name}`;
  const real = load(full) as Exports;
  const exports: Exports = {};
  for (const [key, value] of Object.entries(real)) {
    const isConstant =
      typeof value !== "function" && (typeof value !== "object" || key === "constants");
    exports[key] = isConstant ? value : refused(`${full}.${key}`);
  }
  return exports;
}

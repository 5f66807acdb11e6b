/**
 * Loads a user's modules once for each simulated scheduler: every graph has module state of its own, and its modules see the
 * scheduler's machine in place of this one.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

import { SimulationError } from "../../base/error.ts";
import { type Definitions, useDefinitions } from "../../process/registry.ts";
import { Structs, useStructs } from "../../term/struct.ts";
import { loadModules } from "../modules.ts";
import { graphGlobals } from "./virtual-globals.ts";
import type { MachineOf, VirtualMachine } from "./virtual-machine.ts";
import { type Provided, virtualMembers } from "./virtual-members.ts";
import { replacedModule, virtualExports } from "./virtual-modules.ts";

/** Real milliseconds that a module may take to load: one that waits for virtual time would wait for ever. */
const LOAD_MS_MAX = 10_000;

/** Files of one simulation that are looked at for what they import: whole packages may hang on a module. */
const FILES_MAX = 5_000;

/** Modules of a graph that say so are loaded from files which this text stands before. */
const VIRTUAL_PREFIX = "snow-node-simulated/";

/** A user's modules, loaded for one simulated scheduler. */
export interface ModuleGraph extends Disposable {
  readonly definitions: Definitions;
  readonly structs: Structs;
  /** Runs code in the graph's context: what nobody catches in it, also later, goes to its machine. */
  readonly run: (callback: () => void) => void;
}

const machines = new WeakMap<object, VirtualMachine>();

/** The machine whose graph's code runs now; undefined outside of any. */
export const currentMachine = (): VirtualMachine | undefined => {
  const { current } = Bun.ModuleGraph;
  return current === undefined ? undefined : machines.get(current);
};

/** Loads modules, absolute paths, in order. @throws {ConfigError} module_failed @throws {SimulationError} did_not_end */
export async function loadGraph(
  paths: readonly string[],
  machine: VirtualMachine,
  provided: Provided,
): Promise<ModuleGraph> {
  const members = virtualMembers(() => machine, provided);
  const graph = new Bun.ModuleGraph({
    globals: graphGlobals(members),
    onError: (error) => machine.stray(error),
  });
  machines.set(graph, machine);
  const definitions: Definitions = new Map();
  const structs = new Structs();
  rewriteImports(paths);
  loading = { machine, provided };
  useDefinitions(definitions);
  useStructs(structs);
  try {
    await inTime(
      loadModules(paths, (path) => graph.import(path)),
      paths,
    );
  } finally {
    loading = undefined;
    useDefinitions(undefined);
    useStructs(undefined);
  }
  return {
    definitions,
    structs,
    run: (callback) => graph.run(callback),
    [Symbol.dispose]: () => graph.dispose(),
  };
}

async function inTime(loads: Promise<unknown>, paths: readonly string[]): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const text = `${paths.join(", ")}: not loaded after ${LOAD_MS_MAX} ms; virtual time stands while modules load`;
    late.reject(new SimulationError("did_not_end", text));
  }, LOAD_MS_MAX);
  try {
    await Promise.race([loads, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Set while a graph loads: only then are imports rewritten. */
let loading: { readonly machine: VirtualMachine; readonly provided: Provided } | undefined;

const seen = new Set<string>();
const registered = new Set<string>();

/** Looks through the modules and all that they import for modules of the runtime, and has those imports rewritten. */
function rewriteImports(paths: readonly string[]): void {
  const queue = paths.filter((path) => !seen.has(path));
  for (
    let file = queue.shift();
    file !== undefined && seen.size < FILES_MAX;
    file = queue.shift()
  ) {
    if (seen.has(file)) continue;
    seen.add(file);
    const imports = importsOf(file);
    if (imports.some((specifier) => replacedModule(specifier) !== undefined)) registerFile(file);
    for (const specifier of imports) {
      registerModule(specifier);
      const next = resolved(specifier, dirname(file));
      if (next !== undefined) queue.push(next);
    }
  }
}

function importsOf(file: string): string[] {
  const loader = loaderOf(file);
  if (loader === undefined) return [];
  try {
    const transpiler = new Bun.Transpiler({ loader });
    return transpiler.scanImports(readFileSync(file, "utf8")).map(({ path }) => path);
  } catch {
    // Whatever is wrong with it shows when it is loaded.
    return [];
  }
}

function loaderOf(file: string): "ts" | "tsx" | "js" | "jsx" | undefined {
  const [, kind, isX] = /\.[cm]?([jt])s(x?)$/.exec(file) ?? [];
  if (kind === undefined) return undefined;
  return `${kind}s${isX === "x" ? "x" : ""}` as "ts" | "tsx" | "js" | "jsx";
}

function resolved(specifier: string, from: string): string | undefined {
  // Modules of ours are this very program's, whatever lies in a folder.
  if (/^snow-node(\/|$)/.test(specifier)) return undefined;
  try {
    const path = Bun.resolveSync(specifier, from);
    return path.startsWith("/") ? path : undefined;
  } catch {
    return undefined;
  }
}

/** `from "node:fs"`, `import "node:fs"`, `import("node:fs")`, `require("node:fs")`. */
const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([\w:/]+)\2/g;

function registerFile(file: string): void {
  const loader = loaderOf(file);
  if (loader === undefined) return;
  const rewrite = (text: string): string =>
    text.replace(IMPORT, (whole, before: string, quote: string, specifier: string) => {
      const name = replacedModule(specifier);
      return name === undefined ? whole : `${before}${quote}${VIRTUAL_PREFIX}${name}${quote}`;
    });
  Bun.plugin({
    name: "snow-node simulated imports",
    setup(build) {
      build.onLoad({ filter: new RegExp(`^${RegExp.escape(file)}$`) }, () => {
        const text = readFileSync(file, "utf8");
        return { contents: loading === undefined ? text : rewrite(text), loader };
      });
    },
  });
}

function registerModule(specifier: string): void {
  const name = replacedModule(specifier);
  if (name === undefined || registered.has(name)) return;
  registered.add(name);
  const machineOf: MachineOf = () => {
    const machine = currentMachine() ?? loading?.machine;
    if (machine !== undefined) return machine;
    throw new SimulationError("real_io", `${specifier}: called outside of any simulated process`);
  };
  Bun.plugin({
    name: "snow-node simulated modules",
    setup(build) {
      build.module(`${VIRTUAL_PREFIX}${name}`, () => {
        const provided = loading?.provided ?? {};
        const members = virtualMembers(machineOf, provided);
        return { exports: virtualExports(name, machineOf, members, provided), loader: "object" };
      });
    },
  });
}

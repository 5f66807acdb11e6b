/**
 * Puts virtual members in place of real ones: as the globals of a module graph, which only its modules see, or on the global
 * object itself for as long as a world runs, for code that is in no graph.
 */
import type { VirtualMembers } from "./virtual-members.ts";

/** Objects whose methods insist on being called on themselves. */
const BOUND: ReadonlySet<string> = new Set(["performance", "crypto", "AbortSignal"]);

type Bag = Record<string, unknown>;

/** `globals` for a `Bun.ModuleGraph`: the free names of its modules. */
export function graphGlobals(members: VirtualMembers): Record<string, unknown> {
  const globals: Record<string, unknown> = {};
  for (const [root, tree] of Object.entries(treeOf(members))) {
    const real: unknown = Reflect.get(globalThis, root);
    globals[root] = tree instanceof Branch ? overlay(real as object, tree, BOUND.has(root)) : tree;
  }
  const whole = new Proxy(globalThis, {
    get: (target, key) =>
      typeof key === "string" && Object.hasOwn(globals, key)
        ? globals[key]
        : (Reflect.get(target, key) as unknown),
  });
  for (const name of ["globalThis", "global", "self"]) globals[name] = whole;
  return globals;
}

/** Names that have members below them. */
class Branch {
  readonly members: Bag = Object.create(null) as Bag;
}

function treeOf(members: VirtualMembers): Bag {
  const root = new Branch();
  for (const [path, value] of members) {
    const names = path.split(".");
    let branch = root;
    for (const name of names.slice(0, -1)) {
      const next = (branch.members[name] ??= new Branch());
      if (!(next instanceof Branch)) break;
      branch = next;
    }
    branch.members[names.at(-1)!] = value;
  }
  return root.members;
}

/** An object with some members replaced; the rest is the real one's. */
function overlay(real: object, { members }: Branch, binds: boolean): object {
  const own: Bag = Object.create(null) as Bag;
  for (const [name, value] of Object.entries(members)) {
    own[name] =
      value instanceof Branch ? overlay(Reflect.get(real, name) as object, value, false) : value;
  }
  if (!binds) {
    const descriptors = Object.entries(own).map(([name, value]) => [
      name,
      { value, writable: true, enumerable: true, configurable: true },
    ]);
    return Object.create(real, Object.fromEntries(descriptors) as PropertyDescriptorMap) as object;
  }
  const bound = new Map<PropertyKey, unknown>();
  return new Proxy(real, {
    get: (target, key) => {
      if (typeof key === "string" && key in own) return own[key];
      if (bound.has(key)) return bound.get(key);
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || Object.hasOwn(value, "prototype")) return value;
      const method: unknown = value.bind(target);
      bound.set(key, method);
      return method;
    },
  });
}

interface Slot {
  readonly holder: object;
  readonly name: string;
  readonly virtual: unknown;
  /** Undefined: the holder has no such member of its own, it inherits one. */
  readonly real: PropertyDescriptor | undefined;
}

/** The members of the global object and of what is on it, to be swapped in and out. */
export class GlobalSwap {
  readonly #slots: readonly Slot[];
  #isIn = false;

  constructor(members: VirtualMembers) {
    this.#slots = [...members].flatMap(([path, virtual]) => slotOf(path, virtual) ?? []);
  }

  /** Code that runs from here on sees the virtual members. */
  enter(): void {
    if (this.#isIn) return;
    this.#isIn = true;
    for (const { holder, name, virtual, real } of this.#slots) {
      if (real?.writable === true) Reflect.set(holder, name, virtual);
      else {
        Object.defineProperty(holder, name, { value: virtual, writable: true, configurable: true });
      }
    }
  }

  /** And the real ones again. */
  leave(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    for (const { holder, name, real } of this.#slots) {
      if (real === undefined) Reflect.deleteProperty(holder, name);
      else if (real.writable === true) Reflect.set(holder, name, real.value);
      else Object.defineProperty(holder, name, real);
    }
  }
}

function slotOf(path: string, virtual: unknown): Slot | undefined {
  const names = path.split(".");
  const name = names.pop()!;
  let holder: unknown = globalThis;
  for (const step of names) holder = Reflect.get(holder as object, step);
  if (typeof holder !== "object" && typeof holder !== "function") return undefined;
  if (holder === null || !(name in holder)) return undefined;
  const real = Object.getOwnPropertyDescriptor(holder, name);
  if (real !== undefined && real.configurable !== true && real.writable !== true) return undefined;
  return { holder, name, virtual, real };
}

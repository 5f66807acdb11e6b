/** Whom a message or a monitor is for, as authors say it: a pid, a name, a name on a node. */
import { MisuseError } from "../base/error.ts";
import { shown } from "../base/shown.ts";
import { Pid } from "../term/pid.ts";
import type { UntypedTarget } from "./api.ts";
import type { ProcessHost } from "./host.ts";
import { nameText } from "./registry.ts";
import type { NameOnNode } from "./signal.ts";

/** Anything that can be sent to, as it comes in. */
export type AnyTarget =
  Pid<never> | UntypedTarget | { readonly name: unknown; readonly node?: string };

/**
 * A pid, or a name and its node without a port, which `host` is told of; of a global name, its holder.
 * @throws {MisuseError} bad_argument
 */
export function targetOf(to: unknown, host: TargetHost): Pid<unknown> | NameOnNode {
  if (to instanceof Pid) return to as Pid<unknown>;
  if (typeof to === "string") return holderOf(nameText(to), host);
  if (typeof to === "object" && to !== null && "name" in to) {
    const { name, node } = to as { name: unknown; node?: unknown };
    const text = nameText(name as string);
    if (node === undefined) return holderOf(text, host);
    if (typeof node === "string") return { name: text, node: nodeNameOf(node, host) };
  }
  throw new MisuseError(
    "bad_argument",
    `a target is a pid, a name, or { name, node }, got ${shown(to)}`,
  );
}

/** Whom a name without a node means: a name of this node, else a global one, else nobody, which is the name here. */
function holderOf(name: string, host: TargetHost): Pid<unknown> | NameOnNode {
  const pid = host.services.whereisGlobal(name);
  return pid === undefined || host.whereis(name) !== undefined
    ? { name, node: host.nodeName }
    : pid;
}

/** A name that is given without a node. @throws {MisuseError} bad_argument */
export function bareName(to: unknown): string | undefined {
  if (typeof to === "string") return nameText(to);
  if (typeof to !== "object" || to === null || to instanceof Pid || !("name" in to))
    return undefined;
  const { name, node } = to as { name: unknown; node?: unknown };
  return node === undefined ? nameText(name as string) : undefined;
}

/** What a target is read for. */
export type TargetHost = NodeHost & Pick<ProcessHost, "services" | "whereis">;

/** What a node's name is read for: ports go to its way out. */
export type NodeHost = Pick<ProcessHost, "nodeName" | "outbound">;

const PORT_BEHIND = /:\d{1,5}$/;

/** A node's name without the port that it may be given with: where to dial the node, should that be needed. */
export function nodeNameOf(text: string, { outbound }: NodeHost): string {
  // Most names have none, and this is on the way of every message to a name.
  if (!text.includes(":")) return text;
  const node = text.replace(PORT_BEHIND, "");
  if (node !== text) outbound.hint(node, Number(text.slice(node.length + 1)));
  return node;
}

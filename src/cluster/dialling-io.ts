/** What the core of dialling is told and says: the types that `dialling.ts` and its driver share. */
import type { Address } from "../port/transport.ts";

/** What is dialled. `name` is unknown for an address that came from DNS; `address` for a name without a hint. */
export interface DialTarget {
  /** `name@host`, or undefined where only an address is known. */
  readonly name: string | undefined;
  /** Where to dial, or undefined: the driver resolves the name. */
  readonly address: Address | undefined;
}

export type DiallingInput =
  /** From the configuration or DNS: dialled for ever. */
  | { readonly kind: "seed"; readonly target: DialTarget }
  /** A DNS answer no longer has this address. */
  | { readonly kind: "unseed"; readonly target: DialTarget }
  /** Somebody needs the node now: it is dialled, or its name comes back in `unreachable`. */
  | { readonly kind: "wanted"; readonly target: DialTarget }
  /** A peer told us of these nodes; `from` undefined: this node was connected to them before. */
  | {
      readonly kind: "heard";
      readonly from: string | undefined;
      readonly targets: readonly DialTarget[];
    }
  /** A session with `name` is up; `dialled` is the key of the dial that led to it, if ours did. */
  | {
      readonly kind: "connected";
      readonly name: string;
      readonly dialled: string | undefined;
    }
  /** The session with `name` is over. */
  | { readonly kind: "lost"; readonly name: string }
  | {
      readonly kind: "failed";
      readonly key: string;
      readonly reason: string;
      readonly nameTaken: boolean;
    }
  /** The operator or a process disconnected it: not dialled again until somebody wants it. */
  | { readonly kind: "dropped"; readonly name: string };

export type DiallingOutput =
  | { readonly kind: "dial"; readonly key: string; readonly target: DialTarget }
  /** `from` names more nodes than it may: these are not dialled. Said once in a session. */
  | { readonly kind: "passed_over"; readonly from: string; readonly nodes: number }
  /** Every signal and every `connect` that waits for `name` fails. */
  | {
      readonly kind: "unreachable";
      readonly name: string;
      readonly reason: string;
    };

/** The key of a target: its name, else its address. */
export function dialKey(target: DialTarget): string {
  if (target.name !== undefined) return target.name;
  return `${target.address?.host ?? ""}:${target.address?.port ?? 0}`;
}

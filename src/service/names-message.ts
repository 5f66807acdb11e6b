/** What the two parts of the names service say to each other between threads of one node: lists, in order. */
import type { NamesAnswer, NamesInput, NamesOutput } from "../cluster/names/names-io.ts";
import type { ConflictRule } from "../wire/name-entry.ts";
import type { HolderPid } from "../wire/names-message.ts";

export type NamesToControl =
  | {
      readonly kind: "register";
      readonly id: number;
      readonly name: string;
      readonly pid: HolderPid;
      /** The process lives on this scheduler, which watches it. */
      readonly isAlive: boolean;
      readonly replace: boolean;
      readonly several: boolean;
      readonly rule: ConflictRule;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "unregister";
      readonly id: number;
      readonly name: string;
      /** 0: whatever the holder's is. */
      readonly fence: number;
      readonly timeoutMs: number;
    }
  | { readonly kind: "cancel"; readonly id: number }
  /** All names: `listed` answers. */
  | { readonly kind: "list"; readonly id: number }
  | Extract<NamesInput, { kind: "alive" | "ended" | "decided" }>;

export type NamesToScheduler =
  | { readonly kind: "answer"; readonly id: number; readonly answer: NamesAnswer }
  | { readonly kind: "listed"; readonly id: number; readonly names: readonly string[] }
  | Extract<NamesOutput, { kind: "watch" | "tell" | "resolve" | "abandon" }>;

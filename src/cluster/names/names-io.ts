import type { ConflictRule, NameEntry } from "../../wire/name-entry.ts";
import type { HolderPid, NameProblem, NamesMessage } from "../../wire/names-message.ts";
import type { Millis } from "../../base/millis.ts";

/** Who is to be answered: somebody on a scheduler of this node, or a connected node on behalf of somebody there. */
export type Asker =
  | { readonly scheduler: number; readonly id: number }
  | { readonly peer: string; readonly id: number };

/** How a request ended. */
export type NamesAnswer =
  /** `fence`: of the holder; with `unregister` 0 when nobody held the name. */
  | { readonly ok: true; readonly fence: number }
  | {
      readonly ok: false;
      readonly problem: NameProblem;
      /** With `name_taken`: the holder, where it is known. */
      readonly holder: HolderPid | undefined;
    };

/** A name and who holds it, as one node says. */
export interface Holder extends HolderPid {
  readonly entry: NameEntry;
}

/** What the two holders of a name are told. `fence` 0: neither keeps it. */
export interface Conflict {
  readonly name: string;
  readonly kept: HolderPid;
  readonly lost: HolderPid;
  readonly fence: number;
}

export type NamesInput =
  | { readonly kind: "node_up"; readonly peer: string; readonly creation: number }
  | { readonly kind: "node_down"; readonly peer: string }
  /** Our copy of the names of that node is whole. */
  | { readonly kind: "in_step"; readonly peer: string }
  /** That node says who of its processes holds a name; undefined: this one does not any more. */
  | {
      readonly kind: "entry";
      readonly peer: string;
      readonly name: string;
      readonly local: number;
      readonly entry: NameEntry | undefined;
    }
  /** That node is lost, and with it all that it said. After `node_down`. */
  | { readonly kind: "cleared"; readonly peer: string }
  | { readonly kind: "message"; readonly peer: string; readonly message: NamesMessage }
  /** `isAlive`: the asker's scheduler is the pid's own and watches it already. */
  | {
      readonly kind: "register";
      readonly asker: Asker;
      readonly name: string;
      readonly pid: HolderPid;
      readonly isAlive: boolean;
      readonly replace: boolean;
      readonly several: boolean;
      readonly rule: ConflictRule;
      /** Infinity: no limit. */
      readonly timeoutMs: Millis;
    }
  /** `fence`: only if the holder's is this one; 0: whatever it is. */
  | {
      readonly kind: "unregister";
      readonly asker: Asker;
      readonly name: string;
      readonly fence: number;
      readonly timeoutMs: Millis;
    }
  /** The asker does not wait any more: what has not been confirmed is withdrawn. */
  | { readonly kind: "cancel"; readonly asker: Asker }
  /** The scheduler of a process that was asked about says that it lives, or that it ended. */
  | { readonly kind: "alive"; readonly local: number }
  | { readonly kind: "ended"; readonly local: number }
  /** All processes of the scheduler ended with its thread. */
  | { readonly kind: "scheduler_gone"; readonly scheduler: number }
  /** What a function that decides a conflict returned; `neither` also when it failed. */
  | {
      readonly kind: "decided";
      readonly id: number;
      readonly kept: "first" | "second" | "neither";
      readonly text: string;
    };

export type NamesOutput =
  | { readonly kind: "send"; readonly peer: string; readonly message: NamesMessage }
  /** Our own part of the replicated table changes. */
  | {
      readonly kind: "set";
      readonly name: string;
      readonly local: number;
      readonly entry: NameEntry;
    }
  | { readonly kind: "remove"; readonly name: string; readonly local: number }
  /** What `whereis` finds here from now on. */
  | { readonly kind: "show"; readonly name: string; readonly holder: Holder | undefined }
  | {
      readonly kind: "answer";
      readonly scheduler: number;
      readonly id: number;
      readonly answer: NamesAnswer;
    }
  /** Ask the process's scheduler to say now that it is alive or `ended`, and when it ends. */
  | { readonly kind: "watch"; readonly local: number }
  /** Tell a process of this node; `exit`: and end it. */
  | {
      readonly kind: "tell";
      readonly local: number;
      readonly conflict: Conflict;
      readonly exit: boolean;
    }
  /** Run a function that decides who of the two keeps the name; the first claimed earlier. */
  | {
      readonly kind: "resolve";
      readonly id: number;
      readonly run: string;
      readonly name: string;
      readonly first: HolderPid;
      readonly second: HolderPid;
    }
  /** Its time is over. */
  | { readonly kind: "abandon"; readonly id: number }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn";
      readonly text: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

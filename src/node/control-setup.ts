import type { Millis } from "../base/millis.ts";
import type { DialTarget } from "../cluster/dialling-io.ts";
import type { Address } from "../port/transport.ts";
import type { TickTimes } from "../session/tick.ts";
import type { TlsMode } from "../wire/handshake-message.ts";
import type { VersionRange } from "../wire/version.ts";
import type { AdmissionLimits } from "./admission.ts";

/** What the control thread of a node is told at its start. Plain data: it may be posted to another thread. */
export interface ControlSetup {
  readonly node: string;
  readonly creation: number;
  readonly version: string;
  readonly hidden: boolean;
  readonly schedulers: number;
  /** Proofs are tried with all of them, at most two. */
  readonly cookies: readonly Uint8Array[];
  readonly tlsMode: TlsMode;
  /** Undefined: this node cannot be dialled. */
  readonly listen: Address | undefined;
  /** What peers dial, where it differs from `listen`. */
  readonly advertise: { readonly host: string; readonly port: number | undefined } | undefined;
  readonly mesh: boolean;
  readonly seeds: readonly DialTarget[];
  /** Every address behind the host is a seed, at the port; undefined: none. */
  readonly dns: Address | undefined;
  readonly graceMs: Millis;
  readonly refusedIsDown: boolean;
  readonly tick: TickTimes;
  /** Milliseconds after which a stuck scheduler is ended; undefined: never. */
  readonly killStuckAfterMs: Millis | undefined;
  /** Protocol versions that it says it speaks, for tests of mixed clusters; undefined: those it does speak. */
  readonly versions?: VersionRange;
  /** `createFences()`, shared with the schedulers. */
  readonly fences: SharedArrayBuffer;
  /** Global names, as schedulers find them: `createGlobalTable()`. */
  readonly globals: SharedArrayBuffer;
  readonly limits: AdmissionLimits & { readonly handshakeMs: Millis };
}

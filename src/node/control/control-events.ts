import type { Address } from "../../port/transport.ts";
import type { HostedFunction } from "../thread-message.ts";

/** What the control thread of a node tells and asks the program that it is part of. */
export interface ControlEvents {
  /** Somebody asked the node to stop. */
  stopRequested(): void;
  /** A function of `[[start]]` could not be started. */
  startRefused(text: string): void;
  /** Where a node listens whose name came without a port; undefined: not known. */
  resolve(name: string): Promise<Address | undefined>;
  /**
   * The node listens: `listen` with the port it got, `address` as peers dial it. It starts when this resolves.
   * @throws {ConfigError} name_taken
   */
  listening?(listen: Address, address: Address): Promise<void>;
}

/** What a node is when it is up. */
export interface NodeUpInfo {
  readonly address: Address | undefined;
  readonly functions: readonly HostedFunction[];
}

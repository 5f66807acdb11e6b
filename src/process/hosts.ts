import type { Identities } from "../term/identities.ts";
import type { Pid } from "../term/pid.ts";
import type { ProcessHost } from "./host.ts";

const hosts = new WeakMap<Identities, ProcessHost>();

/** Says which scheduler a table of identities belongs to. Called once by each scheduler. */
export const setHost = (identities: Identities, host: ProcessHost): void => {
  hosts.set(identities, host);
};

/** The scheduler that this pid object belongs to: the one that made or decoded it, wherever its process lives. */
export const hostOf = (pid: Pid): ProcessHost | undefined => hosts.get(pid.nodeRef.identities);

/** The programs of the local suite that another library of actors can do; each does `size` units and resolves with milliseconds. */
export type PeerPrograms = Readonly<
  Record<"pingpong" | "flood" | "spawn_reply", (size: number) => Promise<number>>
> & { readonly server_call?: (size: number) => Promise<number> };

import { lookup } from "node:dns/promises";

import type { Dns } from "../port/dns.ts";

/** The resolver of this machine, its hosts file included. Asks anew every time: `Bun.connect`'s cache has no part in it. */
export const dns: Dns = {
  async addresses(host) {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  },
};

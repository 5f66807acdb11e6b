const ATTEMPTS_MAX = 50;

/** A port that is free on all these addresses right now; for the rare setting that must be known before the start. */
export async function freePort(hosts: readonly string[]): Promise<number> {
  const socket = { data() {} };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    using listeners = new DisposableStack();
    const listen = (hostname: string, port: number) =>
      listeners.adopt(Bun.listen({ hostname, port, socket }), (listener) => listener.stop(true))
        .port;
    try {
      const port = listen(hosts[0] ?? "127.0.0.1", 0);
      for (const host of hosts.slice(1)) listen(host, port);
      return port;
    } catch {
      // Taken on one of the others: another one then.
    }
  }
  throw new Error(`no port is free on all of ${hosts.join(", ")}`);
}

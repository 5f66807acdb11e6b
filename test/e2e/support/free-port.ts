const ATTEMPTS_MAX = 50;

/** A port that is free on all these addresses right now; for the rare setting that must be known before the start. */
export async function freePort(hosts: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = portFree(hosts, 0);
    if (port !== undefined) return port;
  }
  throw new Error(`no port is free on all of ${hosts.join(", ")}`);
}

/** Below where Linux takes ports from by itself, so that no connection of another test takes it before it is used. */
const STEADY_FIRST = 12_000;
const STEADY_LAST = 32_000;

/** A port that is free on all these addresses and that nobody is given by chance; for what is bound again and again. */
export async function steadyPort(hosts: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const wanted = STEADY_FIRST + Math.floor(Math.random() * (STEADY_LAST - STEADY_FIRST));
    const port = portFree(hosts, wanted);
    if (port !== undefined) return port;
  }
  throw new Error(`no port is free on all of ${hosts.join(", ")}`);
}

/** The port if it can be had on every host; 0: any that can. */
function portFree(hosts: readonly string[], wanted: number): number | undefined {
  const socket = { data() {} };
  using listeners = new DisposableStack();
  const listen = (hostname: string, port: number) =>
    listeners.adopt(Bun.listen({ hostname, port, socket }), (listener) => listener.stop(true)).port;
  try {
    const port = listen(hosts[0] ?? "127.0.0.1", wanted);
    for (const host of hosts.slice(1)) listen(host, port);
    return port;
  } catch {
    // Taken on one of them: another one then.
    return undefined;
  }
}

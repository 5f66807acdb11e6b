const POLL_MS = 10;

/** Waits for a condition that nothing announces, such as the end of a process that is nobody's child here. */
export async function until(what: string, holds: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await Bun.sleep(POLL_MS);
  }
}

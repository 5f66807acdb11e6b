import { availableParallelism } from "node:os";

/** What this process knows of where it runs. */
export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

/** Absolute. */
export const workingDirectory = (): string => process.cwd();

/** CPUs that this process may use. */
export const hostCpus = (): number => availableParallelism();

/** Calls `handler` for each of the signals; the result takes that back, so that the next one ends the process. */
export function onSignals(signals: readonly NodeJS.Signals[], handler: () => void): () => void {
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

/** Calls `handler` for what nobody caught on this thread, which then goes on. */
export function onStray(handler: (error: unknown) => void): void {
  process.on("uncaughtException", handler);
  process.on("unhandledRejection", handler);
}

import { drainMicrotasks } from "bun:jsc";

/** Runs every pending promise reaction before it returns: for a world that decides itself what comes next. */
export const runMicrotasks = (): void => drainMicrotasks();

import { readdirSync, readlinkSync } from "node:fs";

/** The ids of all processes that work in this folder or below it. Linux only. */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      } catch {
        // Gone, a zombie, or somebody else's.
        return false;
      }
    })
    .map(Number);
}

import { PRESENCE_BYTES_MAX } from "../../base/limits.ts";

/** Whether others can be shown this: JSON, and short, since every node and every watcher holds it. */
export function isPresence(presence: unknown): boolean {
  if (presence === undefined) return true;
  try {
    const text = JSON.stringify(presence) as string | undefined;
    return text !== undefined && new TextEncoder().encode(text).length <= PRESENCE_BYTES_MAX;
  } catch {
    return false;
  }
}

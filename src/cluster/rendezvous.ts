import type { Pid } from "../term/pid.ts";

/**
 * The member that a key belongs to: the one with the highest weight for it. Every node that knows the same members finds
 * the same one, and a member that leaves moves its own keys only. Undefined: there are no members.
 * Source: Thaler and Ravishankar, "A name-based mapping scheme for rendezvous", 1996.
 */
export function pickFor<M>(key: string, members: readonly Pid<M>[]): Pid<M> | undefined {
  let best: Pid<M> | undefined;
  let bestWeight = -1;
  const seed = hashText(0x811c_9dc5, key);
  for (const pid of members) {
    if (pid === best) continue;
    const weight = weightOf(seed, pid);
    if (
      best === undefined ||
      weight > bestWeight ||
      (weight === bestWeight && isAfter(pid, best))
    ) {
      best = pid;
      bestWeight = weight;
    }
  }
  return best;
}

/** 32 bits that depend on the key and on nothing of the pid that differs from node to node. */
function weightOf(seed: number, pid: Pid): number {
  let hash = hashText(seed, pid.node);
  hash = Math.imul(hash ^ (pid.nodeRef.creation >>> 0), 0x0100_0193);
  hash = Math.imul(hash ^ (pid.local >>> 0), 0x0100_0193);
  hash = Math.imul(hash ^ pid.scheduler, 0x0100_0193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function isAfter(a: Pid, b: Pid): boolean {
  return a.node === b.node ? a.local > b.local : a.node > b.node;
}

function hashText(seed: number, text: string): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}

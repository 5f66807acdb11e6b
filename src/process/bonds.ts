import { SmallMap } from "../base/small-map.ts";
import { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import { toldReason, type ExitReason } from "./exit-reason.ts";
import type { Pending } from "./pending.ts";
import type { Process } from "./process.ts";
import type { NameOnNode } from "./signal.ts";
import { Down } from "./system-message.ts";

/**
 * Somebody on this scheduler who is told of a process's end by a direct call: a monitor or a call. Neighbours in the
 * list of the process that it watches.
 */
export interface LocalWatcher {
  watcherBefore: LocalWatcher | undefined;
  watcherAfter: LocalWatcher | undefined;
  targetEnded(reason: ExitReason): void;
}

/** A monitor that a process holds. */
export class Monitor implements LocalWatcher {
  readonly holder: Process;
  readonly ref: Ref;
  /** What its `Down` names. */
  readonly target: Pid | NameOnNode;
  /** Where its signals go: the target, or who was found under the name on this node. */
  readonly to: Pid | NameOnNode;
  /** Told instead of the mailbox: a call or a spawn that watches its target. */
  readonly told: ((reason: ExitReason) => void) | undefined;
  /** The watched process, if it is on this scheduler and has the monitor in its list. */
  watched: Process | undefined = undefined;
  watcherBefore: LocalWatcher | undefined = undefined;
  watcherAfter: LocalWatcher | undefined = undefined;

  constructor(
    holder: Process,
    ref: Ref,
    target: Pid | NameOnNode,
    to: Pid | NameOnNode,
    told: ((reason: ExitReason) => void) | undefined,
  ) {
    this.holder = holder;
    this.ref = ref;
    this.target = target;
    this.to = to;
    this.told = told;
  }

  targetEnded(reason: ExitReason): void {
    handleDown(this.holder, this.ref, reason);
  }
}

/** Monitors of one process that end together, from which on it pays to drop their table as a whole. */
const MONITORS_MANY = 64;

/** A monitor that somebody elsewhere holds on this process. */
export interface Watcher {
  readonly from: Pid;
  readonly ref: Ref;
  readonly target: Pid | NameOnNode;
}

/** What a process has besides its mailbox, made when first needed: most processes never need most of it. */
export class Bonds {
  /** 0: linked; otherwise the id of an unlink that is not acknowledged yet. */
  links: SmallMap<Pid, number> | undefined = undefined;
  unlinkIdLast = 0;
  monitors: SmallMap<number, Monitor> | undefined = undefined;
  watchers: SmallMap<Ref, Watcher> | undefined = undefined;
  names: Set<string> | undefined = undefined;
  aliases: Set<Pid> | undefined = undefined;
  pendingFirst: Pending<unknown> | undefined = undefined;
  /** Those on this scheduler who watch this process, in the order in which they began. */
  localFirst: LocalWatcher | undefined = undefined;
  localLast: LocalWatcher | undefined = undefined;
  controller: AbortController | undefined = undefined;
  /** Some service of the node is to be told when the process ends. */
  tracked = false;
  mailboxMax = Infinity;
  /** Which start of its place it is, if a supervisor started it. */
  fence: number | undefined = undefined;
  /** It lives under a lease, or under the care of the node: when its parent is no more it has to end. */
  hasTerms = false;
  /** Who waits for the function's value. */
  ended: ((reason: ExitReason, value: unknown) => void) | undefined = undefined;
  value: unknown = undefined;
}

/** Makes a link, or does nothing where there is one. Source: OTP erl_dist_protocol, link protocol. */
export function link(process: Process, to: Pid): void {
  if (to === process.pid) return;
  const bonds = process.ownBonds();
  bonds.links ??= new SmallMap();
  const state = bonds.links.get(to);
  if (state === 0) return;
  bonds.links.set(to, 0);
  if (state === undefined) process.host.bondAdded(process, to);
  process.host.dispatch({ kind: "link", from: process.pid, to });
}

/** Ends a link: from here on nothing of it reaches the process; it is forgotten when the other side has acknowledged. */
export function unlink(process: Process, to: Pid): void {
  const bonds = process.bonds;
  if (bonds?.links?.get(to) !== 0) return;
  const id = ++bonds.unlinkIdLast;
  bonds.links.set(to, id);
  process.host.dispatch({ kind: "unlink", from: process.pid, to, id });
}

export function handleLink(process: Process, from: Pid): void {
  const bonds = process.ownBonds();
  bonds.links ??= new SmallMap();
  // While an unlink of ours is on its way, the other side's link was made before it heard of that: it will undo it.
  if (bonds.links.has(from)) return;
  bonds.links.set(from, 0);
  process.host.bondAdded(process, from);
}

export function handleUnlink(process: Process, from: Pid, id: number): void {
  const links = process.bonds?.links;
  if (links?.get(from) === 0) {
    links.delete(from);
    process.host.bondRemoved(process, from);
  }
  process.host.dispatch({ kind: "unlink_ack", from: process.pid, to: from, id });
}

export function handleUnlinkAck(process: Process, from: Pid, id: number): void {
  const links = process.bonds?.links;
  // An older ack belongs to an unlink that a link of ours has overtaken.
  if (id === 0 || links?.get(from) !== id) return;
  links.delete(from);
  process.host.bondRemoved(process, from);
}

/** A linked process ended, or its node is gone. */
export function handleLinkExit(process: Process, from: Pid, reason: ExitReason): void {
  const links = process.bonds?.links;
  const state = links?.get(from);
  if (links === undefined || state === undefined) return;
  links.delete(from);
  process.host.bondRemoved(process, from);
  if (state !== 0) return;
  process.exitSignal(from, reason, true);
  if (process.bonds?.hasTerms === true && from === process.parent)
    process.host.parentEnded(process);
}

/** Puts a watcher at the end of a process's list. */
export function watchLocally(watched: Process, watcher: LocalWatcher): void {
  const bonds = watched.ownBonds();
  watcher.watcherBefore = bonds.localLast;
  if (bonds.localLast === undefined) bonds.localFirst = watcher;
  else bonds.localLast.watcherAfter = watcher;
  bonds.localLast = watcher;
}

/** Takes a watcher out of a process's list; without effect once the process has told its watchers. */
export function unwatchLocally(watched: Process, watcher: LocalWatcher): void {
  const { bonds } = watched;
  if (bonds === undefined) return;
  if (watcher.watcherBefore !== undefined)
    watcher.watcherBefore.watcherAfter = watcher.watcherAfter;
  else if (bonds.localFirst === watcher) bonds.localFirst = watcher.watcherAfter;
  if (watcher.watcherAfter !== undefined)
    watcher.watcherAfter.watcherBefore = watcher.watcherBefore;
  else if (bonds.localLast === watcher) bonds.localLast = watcher.watcherBefore;
  watcher.watcherBefore = watcher.watcherAfter = undefined;
}

/** Starts to monitor. `told`: gets the reason instead of a `Down` in the mailbox. */
export function monitor(
  process: Process,
  target: Pid | NameOnNode,
  told?: (reason: ExitReason) => void,
): Ref {
  const { host } = process;
  const ref = host.createRef();
  let to = target;
  // A name of this node is resolved once, now.
  if (!(to instanceof Pid) && to.node === host.nodeName) to = host.whereis(to.name) ?? to;
  if (to === process.pid) return ref;
  const entry = new Monitor(process, ref, target, to, told);
  addMonitor(process, entry);
  const watched = to instanceof Pid ? host.livingHere(to) : undefined;
  if (watched !== undefined) {
    entry.watched = watched;
    watchLocally(watched, entry);
  } else if (to instanceof Pid) {
    host.dispatch({ kind: "monitor", from: process.pid, to, ref });
  } else {
    host.dispatch({ kind: "monitor_named", from: process.pid, name: to.name, node: to.node, ref });
  }
  return ref;
}

/** Enters a monitor whose other side is told, or was made, elsewhere. */
export function addMonitor(process: Process, entry: Monitor): void {
  const bonds = process.ownBonds();
  bonds.monitors ??= new SmallMap();
  bonds.monitors.set(entry.ref.id, entry);
  process.host.bondAdded(process, entry.to);
}

/** Ends a monitor: no `Down` of it arrives any more; `flush` removes one that has arrived. */
export function demonitor(process: Process, ref: Ref, flush: boolean): void {
  const monitors = process.bonds?.monitors;
  const entry = monitors?.get(ref.id);
  if (monitors !== undefined && entry !== undefined && entry.ref.equals(ref)) {
    monitors.delete(ref.id);
    endMonitor(process, entry);
  } else if (flush) {
    process.mailbox?.drop("down", (message) => message instanceof Down && ref.equals(message.ref));
  }
}

function endMonitor(process: Process, entry: Monitor): void {
  const { host, pid } = process;
  host.bondRemoved(process, entry.to);
  if (entry.watched !== undefined) unwatchLocally(entry.watched, entry);
  else host.dispatch({ kind: "demonitor", from: pid, to: entry.to, ref: entry.ref });
}

export function handleMonitor(process: Process, watcher: Watcher): void {
  const bonds = process.ownBonds();
  bonds.watchers ??= new SmallMap();
  bonds.watchers.set(watcher.ref, watcher);
  process.host.bondAdded(process, watcher.from);
}

export function handleDemonitor(process: Process, ref: Ref): void {
  const watchers = process.bonds?.watchers;
  const watcher = watchers?.get(ref);
  if (watchers === undefined || watcher === undefined) return;
  watchers.delete(ref);
  process.host.bondRemoved(process, watcher.from);
}

export function handleDown(process: Process, ref: Ref, reason: ExitReason): void {
  const monitors = process.bonds?.monitors;
  const entry = monitors?.get(ref.id);
  if (monitors === undefined || entry === undefined || !entry.ref.equals(ref)) return;
  monitors.delete(ref.id);
  process.host.bondRemoved(process, entry.to);
  if (entry.told !== undefined) entry.told(reason);
  else process.deliver(new Down(ref, entry.target, toldReason(process.host.copy, reason)));
}

/** The way to some peers is gone: ends every bond with them. `noconnection`, or `killed` for a scheduler that was ended. */
export function bondsLost(
  process: Process,
  lost: (peer: Pid | NameOnNode) => boolean,
  reason: ExitReason,
): void {
  const { bonds } = process;
  if (bonds === undefined) return;
  // As they are now: who is told of a loss may make new bonds to the same peers at once, and those are for the next session.
  const watchers = (bonds.watchers?.values() ?? []).filter(({ from }) => lost(from));
  const monitors = (bonds.monitors?.values() ?? []).filter(({ to }) => lost(to));
  const peers = (bonds.links?.keys() ?? []).filter(lost);
  for (const watcher of watchers) {
    bonds.watchers?.delete(watcher.ref);
    if (!(watcher.target instanceof Pid)) process.host.namedWatchEnded(watcher.ref);
    process.host.bondRemoved(process, watcher.from);
  }
  monitorsLost(process, bonds, monitors, reason);
  for (const peer of peers) handleLinkExit(process, peer, reason);
}

function monitorsLost(
  process: Process,
  bonds: Bonds,
  lost: readonly Monitor[],
  reason: ExitReason,
): void {
  const isAll = lost.length === bonds.monitors?.size;
  if (!isAll || lost.length < MONITORS_MANY || lost.some(({ told }) => told !== undefined)) {
    for (const { ref } of lost) handleDown(process, ref, reason);
    return;
  }
  // Whoever watches a crowd on a node: a table that is emptied entry by entry costs as much as all the rest.
  bonds.monitors = undefined;
  process.host.bondRemoved(process, lost[0]!.to, lost.length);
  for (const { ref, target } of lost) {
    // Its mailbox may be full.
    if (process.bonds !== bonds) return;
    process.deliver(new Down(ref, target, reason));
  }
}

/** Tells everyone bound to a process that has ended. Its names are free by now, and its table entry is gone. */
export function dissolve(process: Process, reason: ExitReason): void {
  const { bonds, host, pid } = process;
  if (bonds === undefined) return;
  process.bonds = undefined;
  for (const entry of bonds.monitors?.values() ?? []) endMonitor(process, entry);
  for (const { from, ref, target } of bonds.watchers?.values() ?? []) {
    host.bondRemoved(process, from);
    if (!(target instanceof Pid)) host.namedWatchEnded(ref);
    host.dispatch({ kind: "down", from: pid, to: from, ref, target, reason });
  }
  for (let watcher = bonds.localFirst; watcher !== undefined;) {
    const after: LocalWatcher | undefined = watcher.watcherAfter;
    watcher.targetEnded(reason);
    watcher = after;
  }
  for (const [peer, state] of bonds.links?.entries() ?? []) {
    host.bondRemoved(process, peer);
    if (state === 0) host.dispatch({ kind: "link_exit", from: pid, to: peer, reason });
  }
}

import { nodeOf, schedulerOf, type Checker, type Run } from "../run.ts";
import { namesLog as log, type NameClaim, PLAIN, seenAt, WILD } from "../workloads/names.ts";

/** Milliseconds behind a time-out until the answer is there: the node may stand still meanwhile. */
const ANSWER_MS = 3_000;

/** Milliseconds within which a scheduler knows what its control thread knows, also when it is held up. */
const NEWS_MS = 500;

/** Whether a process was told that it is no holder any more, at that time or later. */
const hasLost = (pid: string, since: number): boolean =>
  (log.told.get(pid) ?? []).some(
    ({ at, fence, lost }) => at >= since && (lost === pid || fence === 0),
  );

/** Whether a process still has what it once registered, as far as it was told. */
const holds = ({ answeredAt, fence, pid }: NameClaim): boolean =>
  fence > 0 && !hasLost(pid, answeredAt!);

/**
 * Never two holders on nodes that are connected to each other; a time-out means not registered; nobody waits for ever; in
 * the end one holder and one view of it everywhere, fences in the order of holders, and both holders told.
 */
export const names: Checker = {
  name: "names",
  during(run) {
    return unseen(run).concat(doubles(run));
  },
  settled(run) {
    return [
      ...unseen(run),
      ...doubles(run),
      ...views(run),
      ...answers(run),
      ...fences(run),
      ...told(run),
    ];
  },
};

/**
 * Registered names that a connected node does not see: its control thread may know before its schedulers that it is not one.
 * Who got no processor time may hear in one breath that it has the name, and that it has lost it since.
 */
function unseen(run: Run): string[] {
  const due = log.unseen.filter(({ at }) => at + NEWS_MS <= run.now);
  log.unseen = log.unseen.filter((one) => !due.includes(one));
  return due
    .filter(({ at, node, pid }) => !run.apart(pid, `${node}#0/1.1`, at - 1, at + NEWS_MS))
    .filter(({ at, pid }) => !hasLost(pid, at))
    .map(({ name, node, pid }) => `${name}: ${pid} had it, and ${node} saw nobody`);
}

/** Claims to a name of processes that live, and hold it; none if there are less than `min`. */
function holding(run: Run, name: string, min = 1): NameClaim[] {
  const claims = log.claims.filter(
    (claim) =>
      claim.name === name &&
      holds(claim) &&
      // Who gets no processor time has not heard yet what became of it.
      !isHeldUp(run, claim.pid),
  );
  // Who lives is a walk through the whole cluster.
  if (claims.length < min) return [];
  const living = run.living();
  const alive = claims.filter(({ pid }) => living.has(pid));
  return alive.length < min ? [] : alive;
}

function isHeldUp(run: Run, pid: string): boolean {
  const name = nodeOf(pid);
  const node = run.world.nodes.values().find((one) => one.name === name);
  const thread = node?.threads[Number(schedulerOf(pid))];
  return thread !== undefined && thread.stalledUntil + NEWS_MS > run.now;
}

function doubles(run: Run): string[] {
  const failures: string[] = [];
  for (const name of PLAIN) {
    const claims = holding(run, name, 2);
    for (const [place, one] of claims.entries()) {
      for (const other of claims.slice(place + 1)) {
        const since = Math.min(one.since, other.since);
        if (run.apart(one.pid, other.pid, since, run.now)) continue;
        if (run.apart(other.pid, one.pid, since, run.now)) continue;
        failures.push(`${name}: ${one.pid} and ${other.pid} hold it, and never lost each other`);
      }
    }
  }
  return failures;
}

/** One view, which is that of the holder, and of nobody whose registration failed. */
function views(run: Run): string[] {
  const failures: string[] = [];
  const living = run.living();
  for (const name of [...PLAIN, ...WILD]) {
    const seen = new Set<string | undefined>();
    for (const node of run.world.nodes.values()) {
      for (const place of node.schedulers.keys()) seen.add(seenAt(node, place, name));
    }
    if (seen.size > 1) failures.push(`${name}: views differ: ${[...seen].join(", ")}`);
    const [holder] = seen;
    if (holder !== undefined && !living.has(holder)) failures.push(`${name}: ${holder} is dead`);
    const claim = log.claims.find((one) => one.name === name && one.pid === holder);
    if (holder !== undefined && (claim === undefined || claim.problem !== "")) {
      failures.push(`${name}: ${holder} holds it, and was told ${claim?.problem}`);
    }
    if (name.startsWith("wild")) continue;
    for (const { pid } of holding(run, name)) {
      if (pid !== holder) failures.push(`${name}: ${pid} was not told that it lost it`);
    }
  }
  return failures;
}

function answers(run: Run): string[] {
  const living = run.living();
  return log.claims
    .filter(
      ({ answeredAt, pid, since, timeoutMs }) =>
        living.has(pid) && (answeredAt ?? run.now) > since + timeoutMs + ANSWER_MS,
    )
    .map(({ name, pid, timeoutMs }) => `${name}: ${pid} waited longer than ${timeoutMs} ms`);
}

/** Of two holders that could hear of each other the later one has the greater fence. */
function fences(run: Run): string[] {
  const failures: string[] = [];
  for (const name of PLAIN) {
    const claims = log.claims.filter((claim) => claim.name === name && claim.fence > 0);
    for (const one of claims) {
      for (const other of claims) {
        if (other.since <= one.answeredAt! || other.fence > one.fence) continue;
        // A node that starts again knows of no fence until it has met somebody.
        if (isRestart(one.pid, other.pid)) continue;
        if (run.apart(one.pid, other.pid, one.since, other.answeredAt!)) continue;
        if (run.apart(other.pid, one.pid, one.since, other.answeredAt!)) continue;
        failures.push(`${name}: ${other.pid} came later, with a fence below that of ${one.pid}`);
      }
    }
  }
  return failures;
}

/** Whether two pids are of different starts of one node. */
function isRestart(one: string, other: string): boolean {
  const [start, again] = [one, other].map((pid) => pid.slice(0, pid.indexOf("/")));
  return nodeOf(one) === nodeOf(other) && start !== again;
}

/** Who is told of a conflict is not the only one, unless the other has ended or could not be reached. */
function told(run: Run): string[] {
  const failures: string[] = [];
  const living = run.living();
  for (const [pid, list] of log.told) {
    for (const { at, kept, lost, name } of list) {
      const other = pid === kept ? lost : kept;
      // The others may have been given up before the decision arrived: they are nobody's to be told of.
      if (!living.has(other) || !name.startsWith("plain")) continue;
      // A claim that was withdrawn, and told so, was seen as a holder until that came through.
      if (log.claims.some((claim) => claim.pid === other && claim.problem !== "")) continue;
      if (run.apart(pid, other, at - 100, at + ANSWER_MS)) continue;
      if (run.apart(other, pid, at - 100, at + ANSWER_MS)) continue;
      const hasHeard = (log.told.get(other) ?? []).some(
        (one) => one.name === name && [one.kept, one.lost].includes(pid),
      );
      if (!hasHeard) failures.push(`${name}: ${pid} was told of ${other}, which was not`);
    }
  }
  return failures;
}

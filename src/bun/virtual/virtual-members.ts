/** Everything that simulated code sees otherwise than it is, by its path on the global object: `Bun.sleep` → what to see. */
import { refused, REFUSED_MEMBERS } from "./refused.ts";
import {
  type MachineOf,
  randomBytes,
  randomUuid,
  timedUuid,
  virtualDate,
  type VirtualTimers,
  virtualTimers,
} from "./virtual-machine.ts";

/** What a test gives in place of real I/O: `{ fetch: …, "Bun.file": …, "node:fs": { readFileSync: … } }`. */
export type Provided = Readonly<Record<string, unknown>>;

/** Paths of at most three names, and what stands there. */
export type VirtualMembers = ReadonlyMap<string, unknown>;

export function virtualMembers(machineOf: MachineOf, provided: Provided): VirtualMembers {
  const timers = virtualTimers(machineOf);
  const members = new Map<string, unknown>();
  for (const path of REFUSED_MEMBERS) members.set(path, refused(path));
  for (const [path, value] of [
    ...timeMembers(machineOf, timers),
    ...randomMembers(machineOf),
    ...Object.entries(provided).filter(([path]) => !path.includes(":")),
  ]) {
    members.set(path, value);
  }
  return members;
}

function timeMembers(machineOf: MachineOf, timers: VirtualTimers): [string, unknown][] {
  const { setTimeout, setInterval, setImmediate, clearTimeout, sleep } = timers;
  const now = (): number => machineOf().now();
  const nanoseconds = (): number => Math.floor(now() * 1e6);
  const hrtime = (since?: readonly [number, number]): [number, number] => {
    const passed = nanoseconds() - (since === undefined ? 0 : since[0] * 1e9 + since[1]);
    return [Math.floor(passed / 1e9), passed % 1e9];
  };
  return [
    ["Date", virtualDate(machineOf)],
    ...Object.entries({ setTimeout, setInterval, setImmediate, clearTimeout }),
    ["clearInterval", clearTimeout],
    ["clearImmediate", clearTimeout],
    ["performance.now", now],
    ["performance.timeOrigin", machineOf().wall() - now()],
    ["Bun.sleep", sleep],
    ["Bun.nanoseconds", nanoseconds],
    ["process.hrtime", Object.assign(hrtime, { bigint: () => BigInt(nanoseconds()) })],
    ["process.uptime", () => now() / 1_000],
    ["AbortSignal.timeout", abortAfter(timers)],
    ...temporalMembers(machineOf),
  ];
}

function abortAfter(timers: VirtualTimers): (ms: number) => AbortSignal {
  return (ms) => {
    const controller = new AbortController();
    const late = (): void =>
      controller.abort(new DOMException("The operation timed out.", "TimeoutError"));
    timers.setTimeout(late, ms);
    return controller.signal;
  };
}

/** The time zone of every simulated machine. */
const ZONE = "UTC";

function temporalMembers(machineOf: MachineOf): [string, unknown][] {
  const instant = (): Temporal.Instant =>
    Temporal.Instant.fromEpochMilliseconds(Math.floor(machineOf().wall()));
  const zoned = (zone: string = ZONE): Temporal.ZonedDateTime => instant().toZonedDateTimeISO(zone);
  return Object.entries({
    instant,
    timeZoneId: () => ZONE,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: string) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone?: string) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: string) => zoned(zone).toPlainTime(),
  }).map(([name, value]) => [`Temporal.Now.${name}`, value]);
}

function randomMembers(machineOf: MachineOf): [string, unknown][] {
  return [
    ["Math.random", () => machineOf().random()],
    ["crypto.randomUUID", () => randomUuid(machineOf())],
    ["crypto.getRandomValues", <T extends ArrayBufferView>(view: T) => fill(machineOf, view)],
    ["Bun.randomUUIDv7", () => timedUuid(machineOf())],
  ];
}

/** Fills any view of bytes with the machine's randomness. */
export function fill<T extends ArrayBufferView>(machineOf: MachineOf, view: T): T {
  const bytes = randomBytes(machineOf(), view.byteLength);
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
  return view;
}

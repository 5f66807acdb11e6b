/**
 * A run as text: one column for each node, time going down, faults across, and on request an arrow for each message.
 *
 *          ms  a                   b                   c
 *      12.340  node up b@10.0.0.2
 *      80.112  ● {type: "add"} ───────────────────────▶
 *     103.500  !! crash b, down for 300 ms
 */
import type { Millis } from "../base/millis.ts";
import { termText } from "../node/scheduler/term-text.ts";
import type { Outbound } from "../process/outbound.ts";
import type { Signal } from "../process/signal.ts";
import type { Pid } from "../term/pid.ts";
import type { Fault } from "./faults.ts";
import type { SimNode } from "./sim-node.ts";
import type { TraceLine } from "./world.ts";

const TIME_CHARS = 10;
/** A column is as wide as the nodes leave room for, within these bounds. */
const COLUMN_CHARS_MIN = 12;
const COLUMN_CHARS_MAX = 40;
/** Characters of a line, and of a message in an arrow. */
const LINE_CHARS = 170;
const MESSAGE_CHARS = 60;

export interface TraceOptions {
  /** Short names, in the order of the columns. */
  readonly nodes: readonly string[];
  /** An arrow for each message between schedulers, and not only what nodes log. */
  readonly messages: boolean;
  readonly write: (line: string) => void;
}

/** Writes the trace of one run. */
export class Trace {
  readonly #options: TraceOptions;
  readonly #width: number;

  constructor(options: TraceOptions) {
    this.#options = options;
    const { nodes } = options;
    const width = Math.floor((LINE_CHARS - TIME_CHARS - 2) / (nodes.length + 1));
    this.#width = Math.max(COLUMN_CHARS_MIN, Math.min(COLUMN_CHARS_MAX, width));
    const head = nodes.map((name) => name.padEnd(this.#width)).join("");
    options.write(`${"ms".padStart(TIME_CHARS)}  ${head.trimEnd()}`);
  }

  /** What a node logs. */
  log({ at, node, level, text, fields }: TraceLine): void {
    const shown = Object.keys(fields).length === 0 ? "" : ` ${termText(fields, LINE_CHARS)}`;
    const mark = level === "warn" || level === "error" ? `${level}: ` : "";
    this.#put(at, this.#columnOf(node), `${mark}${text}${shown}`);
  }

  fault(at: Millis, fault: Fault): void {
    this.#line(at, `!! ${faultText(fault)}`);
  }

  /** A remark about the run as a whole. */
  note(at: Millis, text: string): void {
    this.#line(at, text);
  }

  /** A node that is there from now on: its messages are shown too, if messages are. */
  started(node: SimNode, now: () => Millis): void {
    if (!this.#options.messages) return;
    for (const { scheduler } of node.schedulers) {
      tap(scheduler.outbound, (from, to, text) =>
        this.#arrow(now(), node.name, { from, to, text }),
      );
    }
  }

  #arrow(
    at: Millis,
    node: string,
    { from, to, text }: { from: Pid | undefined; to: string; text: string },
  ): void {
    const [left, right] = [this.#columnOf(node), this.#columnOf(to)];
    const who = from === undefined ? "" : `${from.toString().replace(/^.*\//, "")} `;
    if (left === right) return this.#put(at, left, `● ${who}${text} → ${to}`);
    const span = Math.abs(right - left) * this.#width - 1;
    const label = `${who}${text}`.slice(0, Math.max(0, span - 5));
    const bar = "─".repeat(Math.max(1, span - label.length - 3));
    const arrow = left < right ? `● ${label} ${bar}▶` : `◀${bar} ${label} ●`;
    this.#put(at, Math.min(left, right), arrow);
  }

  #columnOf(node: string): number {
    const short = node.replace(/@.*$/, "");
    return Math.max(0, this.#options.nodes.indexOf(short));
  }

  #put(at: Millis, column: number, text: string): void {
    this.#line(at, `${" ".repeat(column * this.#width)}${text}`);
  }

  #line(at: Millis, text: string): void {
    const line = `${at.toFixed(3).padStart(TIME_CHARS)}  ${text.replaceAll("\n", " ")}`;
    this.#options.write(line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS - 1)}…` : line);
  }
}

type Seen = (from: Pid | undefined, toNode: string, text: string) => void;

/** Sees everything that leaves a scheduler, for as long as that lives. */
function tap(outbound: Outbound, seen: Seen): void {
  const message = outbound.message.bind(outbound);
  const signal = outbound.signal.bind(outbound);
  outbound.message = (from, to, sent) => {
    seen(from, to.node, termText(sent, MESSAGE_CHARS));
    message(from, to, sent);
  };
  outbound.signal = (sent) => {
    seen(sent.from, targetOf(sent), signalText(sent));
    signal(sent);
  };
}

function targetOf(signal: Signal): string {
  const to: unknown = "to" in signal ? signal.to : signal;
  return (to as { node?: string }).node ?? "";
}

function signalText(signal: Signal): string {
  if ("message" in signal) return termText(signal.message, MESSAGE_CHARS);
  return "reason" in signal ? `${signal.kind} ${termText(signal.reason, 40)}` : signal.kind;
}

/** A fault in words: `crash b, down for 300 ms`. */
export function faultText(fault: Fault): string {
  const { kind, ...fields } = fault;
  const shown = Object.entries(fields).map(([key, value]) => `${key} ${valueText(value)}`);
  return [kind.replaceAll("_", " "), ...shown].join(", ");
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return (value as readonly (readonly string[])[]).map((group) => group.join("+")).join(" | ");
}

import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { inspect } from "node:util";

import type { LogLevel, LogSink } from "../port/log.ts";

export type LogFormat = "auto" | "text" | "json";

export interface LogOptions {
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  /** `auto`: text on a terminal, JSON lines elsewhere. */
  readonly format: LogFormat;
  /** Where a finished line goes, newline included; stderr if left out. */
  readonly write?: (line: string) => void;
}

const STDERR = 2;
const RANK: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
};
const COLOUR: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

/**
 * A value as JSON can hold it: errors with their stack, bigints as text, Maps as objects, Sets as arrays, anything else by its
 * own `toJSON`.
 */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return value.stack ?? `${value.name}: ${value.message}`;
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([of, at]) => [String(of), at]));
  if (value instanceof Set) return [...value];
  return value;
}

function jsonLine(
  level: LogLevel,
  text: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const head = { time: new Date().toISOString(), level, text };
  try {
    return `${JSON.stringify({ ...head, ...fields, ...head }, plain)}\n`;
  } catch {
    // A cycle among the fields: the line matters more than its fields.
    return `${JSON.stringify({ ...head, fields: inspect(fields, { depth: 2 }) })}\n`;
  }
}

/** Pids, refs and names of nodes have a text form; a plain object has none. */
function hasTextForm(value: unknown): value is { toString(): string; toJSON(): unknown } {
  return typeof value === "object" && value !== null && "toJSON" in value;
}

function fieldText(value: unknown): string {
  if (typeof value === "string") {
    return /^[\w.@:/#+-]+$/.test(value) ? value : JSON.stringify(value);
  }
  if (value instanceof Error) {
    return `\n  ${(value.stack ?? value.message).replaceAll("\n", "\n  ")}`;
  }
  return hasTextForm(value)
    ? value.toString()
    : inspect(value, { breakLength: Infinity, depth: 3 });
}

function textLine(
  level: LogLevel,
  text: string,
  fields: Readonly<Record<string, unknown>>,
  colour: boolean,
): string {
  let line = `${new Date().toISOString().slice(11, 23)} ${level.padEnd(5)} ${text}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${key}=${fieldText(value)}`;
  }
  return colour && COLOUR[level] !== "" ? `${COLOUR[level]}${line}\x1b[0m\n` : `${line}\n`;
}

/** Bytes that stderr did not take are tried again this often, then dropped: a log must not stop a node. */
const WRITE_ATTEMPTS_MAX = 20;

/** Writes to stderr at once, so that the last line before a crash is not lost. Works on every thread. */
function writeStderr(line: string): void {
  const bytes = Buffer.from(line);
  let offset = 0;
  for (let attempt = 0; attempt < WRITE_ATTEMPTS_MAX && offset < bytes.length; attempt++) {
    try {
      offset += writeSync(STDERR, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Bun.sleepSync(1);
    }
  }
}

/** Makes the log of a node; one for each thread, all write to the same stderr. */
export function createLog(options: LogOptions): LogSink {
  const write = options.write ?? writeStderr;
  // Not `process.stderr.isTTY`: workers do not have it.
  const terminal = isatty(STDERR);
  const json = options.format === "json" || (options.format === "auto" && !terminal);
  const colour = terminal && process.env.NO_COLOR === undefined;
  const rankMin = RANK[options.level];
  return {
    write(level, text, fields) {
      if (RANK[level] < rankMin) return;
      write(json ? jsonLine(level, text, fields) : textLine(level, text, fields, colour));
    },
  };
}

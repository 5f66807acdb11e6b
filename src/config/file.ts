import { ConfigError } from "../base/error.ts";
import { nearest } from "../base/edit-distance.ts";
import { KEY_PATHS, START_KEYS, type KeyPath } from "./schema.ts";

/** A configuration file that was read and parsed. */
export interface ConfigFile {
  /** As the operator wrote it: it stands in front of every complaint. */
  readonly path: string;
  readonly text: string;
  /** What TOML made of `text`: a table. */
  readonly value: unknown;
}

type Table = Readonly<Record<string, unknown>>;

const SECTIONS = [...new Set(KEY_PATHS.map((path) => path.split(".")[0] as string))];

/**
 * The values of a file by key.
 * @throws {ConfigError} config_unknown_key, config_wrong_type
 */
export function readConfigFile(file: ConfigFile): ReadonlyMap<KeyPath, unknown> {
  const values = new Map<KeyPath, unknown>();
  for (const [section, value] of Object.entries(file.value as Table)) {
    if (section === "start") {
      checkStart(file, value);
      values.set("start", value);
    } else if (!SECTIONS.includes(section)) {
      const meant = nearest(section, SECTIONS) ?? sectionOf(section);
      throw unknownKey(file, [section], meant === undefined ? undefined : meant);
    } else if (!isTable(value)) {
      throw new ConfigError(
        "config_wrong_type",
        `${placeOf(file, [section])}: ${section}: expected a section [${section}]`,
      );
    } else {
      for (const [name, item] of Object.entries(value))
        values.set(knownKey(file, section, name), item);
    }
  }
  return values;
}

function knownKey(file: ConfigFile, section: string, name: string): KeyPath {
  const path = KEY_PATHS.find((known) => known === `${section}.${name}`);
  if (path !== undefined) return path;
  const inSection = KEY_PATHS.filter((known) => known.startsWith(`${section}.`)).map((known) =>
    known.slice(section.length + 1),
  );
  const meant = nearest(name, inSection);
  throw unknownKey(
    file,
    [section, name],
    meant === undefined ? sectionOf(name) : `${section}.${meant}`,
  );
}

/** A key that stands in another section under this very name: people forget the section's header. */
function sectionOf(name: string): KeyPath | undefined {
  return KEY_PATHS.find((known) => known.endsWith(`.${name}`));
}

function checkStart(file: ConfigFile, value: unknown): void {
  if (!Array.isArray(value)) {
    throw new ConfigError(
      "config_wrong_type",
      `${placeOf(file, ["start"])}: start: expected sections [[start]]`,
    );
  }
  for (const [index, entry] of value.entries()) {
    if (!isTable(entry)) continue;
    const wrong = Object.keys(entry).find((name) => !START_KEYS.some((known) => known === name));
    if (wrong === undefined) continue;
    const meant = nearest(wrong, START_KEYS);
    throw unknownKey(
      file,
      ["start", wrong],
      meant === undefined ? undefined : `start.${meant}`,
      index,
    );
  }
}

function unknownKey(
  file: ConfigFile,
  path: readonly string[],
  meant: string | undefined,
  index?: number,
): ConfigError {
  const hint = meant === undefined ? "" : `, nearest is ${meant}`;
  return new ConfigError(
    "config_unknown_key",
    `${placeOf(file, path, index)}: unknown key ${path.join(".")}${hint}`,
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `cluster.toml:12`, or without the line where the text leaves open which one it is. */
export function placeOf(file: ConfigFile, path: readonly string[], index?: number): string {
  const line = lineOf(file.text, path, index);
  return line === undefined ? file.path : `${file.path}:${line}`;
}

const HEADER = /^\s*(\[{1,2})\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?$/;
const ASSIGNMENT =
  /^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/;

/**
 * The line, from 1, where a key is set: found by searching the text, since the parser does not tell. undefined when no
 * line or more than one could be it (inline tables, keys inside multi-line strings).
 * @param index which of the `[[…]]` sections of that name, from 0; without it all of them are searched
 */
export function lineOf(text: string, path: readonly string[], index?: number): number | undefined {
  const wanted = path.join(".");
  const lines: number[] = [];
  const headers: number[] = [];
  let section = "";
  let count = -1;
  for (const [at, line] of text.split("\n").entries()) {
    const header = HEADER.exec(line);
    if (header?.[2] !== undefined) {
      section = dotted(header[2]);
      if (section === path[0]) count++;
      if (section === wanted) headers.push(at + 1);
      continue;
    }
    const key = ASSIGNMENT.exec(line)?.[1];
    if (key === undefined) continue;
    const full = section === "" ? dotted(key) : `${section}.${dotted(key)}`;
    if (full === wanted && (index === undefined || count === index)) lines.push(at + 1);
  }
  const matches = lines.length > 0 ? lines : headers;
  return matches.length === 1 ? matches[0] : undefined;
}

function dotted(key: string): string {
  const parts = key.match(/"[^"]*"|'[^']*'|[A-Za-z0-9_-]+/g) ?? [];
  return parts
    .map((part) => (part.startsWith('"') || part.startsWith("'") ? part.slice(1, -1) : part))
    .join(".");
}

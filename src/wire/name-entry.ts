import { NAME_CHARS_MAX, NODE_NAME_CHARS_MAX } from "../base/limits.ts";
import { FieldReader, FieldWriter } from "./fields.ts";

/** What becomes of two holders that a heal brings together; a text that is none of the words is a function's name. */
export type ConflictRule = "exit_loser" | "keep_first" | "tell_both" | { readonly run: string };

/** A holder that was replaced by `reregister`, as its node knew it. */
export interface Replaced {
  readonly node: string;
  /** 48 bits. */
  readonly local: number;
  /** As in its entry: stays the same when a conflict gives it a new fence. */
  readonly claimed: number;
}

/** What a node says of a name that one of its processes holds. */
export interface NameEntry {
  /** The fence under which the claim began: who claimed first. */
  readonly claimed: number;
  /** Grows with every holder; a holder that survives a conflict gets a new one. */
  readonly fence: number;
  readonly rule: ConflictRule;
  /** Holders on other nodes that this one replaces. */
  readonly replaces: readonly Replaced[];
}

const NODE_BYTES_MAX = NODE_NAME_CHARS_MAX * 4;
const RULES = ["exit_loser", "keep_first", "tell_both"] as const;
/** In place of a rule's number: a function's name follows. */
const RULE_RUN = 0xff;
/** Holders that one entry may replace: one on each side of a split that was never healed. */
const REPLACES_MAX = 255;

/** Of nearly every entry: one for all. */
const NOBODY: Replaced[] = [];

/** The value of a name in the replicated table: claimed u53, fence u53, rule, count u8, each: node 2 + n, local u48, claimed u53. */
export function encodeNameEntry({ claimed, fence, rule, replaces }: NameEntry): Uint8Array {
  const writer = new FieldWriter(32);
  writer.u53(claimed);
  writer.u53(fence);
  writeRule(writer, rule);
  writer.u8(Math.min(REPLACES_MAX, replaces.length));
  for (const replaced of replaces.slice(0, REPLACES_MAX)) {
    writer.text(replaced.node).u48(replaced.local).u53(replaced.claimed);
  }
  return writer.finish();
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeNameEntry(bytes: Uint8Array): NameEntry {
  const reader = new FieldReader(bytes);
  const claimed = reader.u53();
  const fence = reader.u53();
  const rule = readRule(reader);
  const count = reader.u8();
  const replaces: Replaced[] = count === 0 ? NOBODY : [];
  for (let left = count; left > 0; left--) {
    const node = reader.text(NODE_BYTES_MAX);
    replaces.push({ node, local: reader.u48(), claimed: reader.u53() });
  }
  reader.end();
  return { claimed, fence, rule, replaces };
}

/** A rule: u8 0 exit_loser, 1 keep_first, 2 tell_both, 255 and a function's name 2 + n. */
export function writeRule(writer: FieldWriter, rule: ConflictRule): void {
  if (typeof rule === "string") writer.u8(RULES.indexOf(rule));
  else writer.u8(RULE_RUN).text(rule.run);
}

export function readRule(reader: FieldReader): ConflictRule {
  const number = reader.u8();
  if (number === RULE_RUN) return { run: reader.text(NAME_CHARS_MAX * 4) };
  return RULES[number] ?? reader.fail(`unknown rule ${number}`);
}

import { NODE_NAME_CHARS_MAX } from "../base/limits.ts";

/**
 * Whether `text` is a node's name: `name@host`, exactly one `@`, ASCII letters, digits and `_ . -` on both sides, and
 * `:` on the right for IPv6 hosts in brackets.
 */
export function isNodeName(text: string): boolean {
  return (
    text.length <= NODE_NAME_CHARS_MAX &&
    /^[A-Za-z0-9_.-]+@(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])$/.test(text)
  );
}

/** The arbiter of a pair is the node with the greater name; byte order, since names are ASCII. */
export function isArbiter(own: string, peer: string): boolean {
  return own > peer;
}

/**
 * The cluster's secret: where it comes from, and what is refused. Order: `node.cookie` (file, SNOW_COOKIE or --cookie) or
 * `node.cookie_file`, whichever was said with more weight, else ~/.snow.cookie, made on the first start as Erlang does it.
 */
import { ConfigError } from "../base/error.ts";
import type { Entropy } from "../port/entropy.ts";
import type { Files } from "../port/files.ts";
import type { NodeConfig } from "./config.ts";

/** Bytes of a cookie under which it could be guessed; `cookie_weak` lifts the bound. */
export const COOKIE_BYTES_MIN = 16;

/** Random bytes of a cookie that is made here. */
const COOKIE_BYTES_MADE = 32;

/** Bytes of a cookie file: a path that names something else is not worth reading into a key. */
const COOKIE_BYTES_MAX = 4_096;

/** Read and write for the owner alone, as octal digits of the mode. */
const OTHERS = 0o077;

/** Looks at an empty file: another node that starts at this moment has made it and is about to write. */
const EMPTY_READS_MAX = 2_000;

/** The secrets of a node. */
export interface Cookies {
  /** What this node proves itself with. */
  readonly own: Uint8Array;
  /** What a peer may prove itself with: `own` and, during a rotation, the other one. */
  readonly accepted: readonly Uint8Array[];
  /** For the ready line: `SNOW_COOKIE`, `/run/secrets/snow_cookie`, `/root/.snow.cookie (made now)`. */
  readonly source: string;
}

/**
 * Finds the cookie that a configuration asks for; makes ~/.snow.cookie if it asks for none and there is none.
 * @throws {ConfigError} cookie_file
 */
export function loadCookies(config: NodeConfig, files: Files, entropy: Entropy): Cookies {
  const { cookie, cookieFiles, cookieWeak } = config.node;
  if (cookie !== undefined) {
    const source = sourceOf(config);
    const own = checked(cookie, cookieWeak, source);
    return { own, accepted: [own], source };
  }
  if (cookieFiles.length > 0) {
    const accepted = cookieFiles.map((path) => checked(readOwn(path, files), cookieWeak, path));
    return { own: accepted[0] as Uint8Array, accepted, source: cookieFiles.join(" and ") };
  }
  return homeCookie(files, entropy, cookieWeak);
}

/** A new cookie as text: 32 random bytes, in letters, digits, `-` and `_`. */
export function makeCookie(entropy: Entropy): string {
  return entropy.bytes(COOKIE_BYTES_MADE).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Where the cookie lives when nobody says otherwise. */
export function homeCookiePath(files: Files): string {
  return `${files.home()}/.snow.cookie`;
}

function homeCookie(files: Files, entropy: Entropy, weak: boolean): Cookies {
  const path = homeCookiePath(files);
  let made = false;
  if (files.mode(path) === undefined) made = create(path, files, entropy);
  const own = checked(readOwn(path, files), weak, path);
  return { own, accepted: [own], source: made ? `${path} (made now)` : path };
}

/** false: another node made it in the meantime. */
function create(path: string, files: Files, entropy: Entropy): boolean {
  try {
    files.create(path, `${makeCookie(entropy)}\n`, 0o400);
    return true;
  } catch (cause) {
    if (files.mode(path) !== undefined) return false;
    throw refused(`${path}: cannot be made, set cookie_file or SNOW_COOKIE`, cause);
  }
}

function readOwn(path: string, files: Files): string {
  const mode = files.mode(path);
  if (mode === undefined) throw refused(`${path}: expected a cookie file, got none`);
  if ((mode & OTHERS) !== 0) {
    throw refused(
      `${path}: others than its owner can get at it (mode ${mode.toString(8).padStart(4, "0")}): chmod 400 ${path}`,
    );
  }
  try {
    let text = files.readText(path);
    for (let read = 1; text === "" && read < EMPTY_READS_MAX; read++) text = files.readText(path);
    return text;
  } catch (cause) {
    throw refused(`${path}: cannot be read`, cause);
  }
}

function checked(text: string, weak: boolean, source: string): Uint8Array {
  const bytes = new TextEncoder().encode(text.trim());
  const min = weak ? 1 : COOKIE_BYTES_MIN;
  if (bytes.length < min) {
    const hint = weak || bytes.length === 0 ? "" : " (cookie_weak = true accepts it)";
    throw refused(
      `${source}: expected a cookie of at least ${min} bytes, got ${bytes.length}${hint}`,
    );
  }
  if (bytes.length > COOKIE_BYTES_MAX) {
    throw refused(
      `${source}: expected a cookie of at most ${COOKIE_BYTES_MAX} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

function sourceOf(config: NodeConfig): string {
  const origin = config.settings.find((setting) => setting.key === "node.cookie")?.origin;
  return origin === undefined || origin.kind === "given" ? "the program" : origin.text;
}

function refused(text: string, cause?: unknown): ConfigError {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  return new ConfigError(
    "cookie_file",
    `cookie: ${text}${reason}`,
    cause === undefined ? undefined : { cause },
  );
}

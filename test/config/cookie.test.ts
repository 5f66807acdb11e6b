import { describe, expect, test } from "bun:test";

import { ConfigError } from "../../src/base/error.ts";
import { parseConfig, type NodeConfig } from "../../src/config/config.ts";
import { loadCookies, makeCookie } from "../../src/config/cookie.ts";
import type { Entropy } from "../../src/port/entropy.ts";
import type { Files } from "../../src/port/files.ts";

const entropy: Entropy = {
  bytes: (length) => Uint8Array.from({ length }, (_, index) => 255 - index),
  random: () => 0.5,
};

interface Entry {
  readonly text: string;
  readonly mode: number;
}

/** A file system with only what these tests put there. */
function filesOf(
  entries: Record<string, Entry>,
): Files & { readonly entries: Record<string, Entry> } {
  return {
    entries,
    readText(path) {
      const entry = entries[path];
      if (entry === undefined) throw new Error(`${path}: no such file`);
      return entry.text;
    },
    mode: (path) => entries[path]?.mode,
    create(path, text, mode) {
      if (entries[path] !== undefined) throw new Error(`${path}: exists`);
      entries[path] = { text, mode };
    },
    glob: () => [],
    home: () => "/home",
  };
}

function configOf(
  options: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): NodeConfig {
  const entries = Object.entries(options).map(([name, value]) => ({ name, value }));
  return parseConfig({ environment: env, options: entries, directory: "/srv", cpus: 1 });
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

function complaint(config: NodeConfig, files: Files): string {
  try {
    loadCookies(config, files, entropy);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error("expected a ConfigError");
}

const GOOD = "0123456789abcdef";

test("the first start makes a cookie in the home folder that only its owner can read", () => {
  const files = filesOf({});
  const first = loadCookies(configOf({}), files, entropy);
  expect(first.source).toBe("/home/.snow.cookie (made now)");
  expect(files.entries["/home/.snow.cookie"]?.mode).toBe(0o400);
  expect(first.own.length).toBeGreaterThanOrEqual(32);
  const second = loadCookies(configOf({}), files, entropy);
  expect(second).toEqual({ ...first, source: "/home/.snow.cookie" });
});

test("of two nodes that start at once one makes the cookie and the other waits until it is written", () => {
  const files = filesOf({});
  let reads = 0;
  const late: Files = {
    ...files,
    create(path) {
      files.entries[path] = { text: "", mode: 0o400 };
      throw new Error("exists");
    },
    readText(path) {
      if (++reads === 3) files.entries[path] = { text: `${GOOD}\n`, mode: 0o400 };
      return files.readText(path);
    },
  };
  expect(loadCookies(configOf({}), late, entropy)).toMatchObject({ source: "/home/.snow.cookie" });
});

test("a cookie file counts without the white space around it", () => {
  const files = filesOf({ "/srv/cookie": { text: `  ${GOOD}\r\n`, mode: 0o400 } });
  const cookies = loadCookies(configOf({ "--cookie-file": "cookie" }), files, entropy);
  expect(text(cookies.own)).toBe(GOOD);
  expect(cookies.source).toBe("/srv/cookie");
});

test("during a rotation the first of two is proved and both are accepted", () => {
  const files = filesOf({
    "/new": { text: `new ${GOOD}`, mode: 0o400 },
    "/old": { text: `old ${GOOD}`, mode: 0o600 },
  });
  const cookies = loadCookies(configOf({}, { SNOW_COOKIE_FILE: "/new,/old" }), files, entropy);
  expect(text(cookies.own)).toBe(`new ${GOOD}`);
  expect(cookies.accepted.map(text)).toEqual([`new ${GOOD}`, `old ${GOOD}`]);
  expect(cookies.source).toBe("/new and /old");
});

test("the environment and the command line are named as the source", () => {
  expect(loadCookies(configOf({}, { SNOW_COOKIE: GOOD }), filesOf({}), entropy).source).toBe(
    "SNOW_COOKIE",
  );
  expect(loadCookies(configOf({ "--cookie": GOOD }), filesOf({}), entropy).source).toBe("--cookie");
});

describe("refused is", () => {
  test.each([0o440, 0o404, 0o644, 0o420, 0o401, 0o777])(
    "a file that others can get at: %o",
    (mode) => {
      const files = filesOf({ "/c": { text: GOOD, mode } });
      const shown = mode.toString(8).padStart(4, "0");
      expect(complaint(configOf({ "--cookie-file": "/c" }), files)).toBe(
        `cookie: /c: others than its owner can get at it (mode ${shown}): chmod 400 /c`,
      );
      const home = filesOf({ "/home/.snow.cookie": { text: GOOD, mode } });
      expect(complaint(configOf({}), home)).toContain("chmod 400 /home/.snow.cookie");
    },
  );

  test("a file that is not there", () => {
    expect(complaint(configOf({ "--cookie-file": "/c" }), filesOf({}))).toBe(
      "cookie: /c: expected a cookie file, got none",
    );
  });

  test("a cookie that could be guessed, unless cookie_weak says so", () => {
    const files = filesOf({ "/c": { text: "short\n", mode: 0o400 } });
    expect(complaint(configOf({ "--cookie-file": "/c" }), files)).toBe(
      "cookie: /c: expected a cookie of at least 16 bytes, got 5 (cookie_weak = true accepts it)",
    );
    const weak = configOf({ "--cookie-file": "/c", "--cookie-weak": "true" });
    expect(text(loadCookies(weak, files, entropy).own)).toBe("short");
    expect(complaint(configOf({}, { SNOW_COOKIE: "x" }), filesOf({}))).not.toContain("x,");
  });

  test("an empty cookie, weak or not", () => {
    const files = filesOf({ "/c": { text: "\n", mode: 0o400 } });
    for (const weak of ["true", "false"]) {
      const config = configOf({ "--cookie-file": "/c", "--cookie-weak": weak });
      expect(complaint(config, files)).toContain("got 0");
    }
  });

  test("a home folder that cannot be written to", () => {
    const files: Files = {
      ...filesOf({}),
      create() {
        throw new Error("read-only");
      },
    };
    expect(complaint(configOf({}), files)).toBe(
      "cookie: /home/.snow.cookie: cannot be made, set cookie_file or SNOW_COOKIE (read-only)",
    );
  });
});

test("a cookie that is made is 32 random bytes in characters that no shell minds", () => {
  expect(makeCookie(entropy)).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

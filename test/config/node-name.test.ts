import { describe, expect, test } from "bun:test";

import {
  formatHostPort,
  isLoopback,
  isNodeIdentity,
  parseHostPort,
  parseNodeName,
} from "../../src/config/node-name.ts";

describe("a node's name", () => {
  test.each([
    ["a@host", "a@host", "host", undefined],
    ["a@host:4369", "a@host", "host", 4369],
    ["a@127.0.0.1:0", "a@127.0.0.1", "127.0.0.1", 0],
    ["node-1_b@db.example.com:65535", "node-1_b@db.example.com", "db.example.com", 65_535],
    ["a@[::1]", "a@[::1]", "::1", undefined],
    ["a@[fe80::1]:4369", "a@[fe80::1]", "fe80::1", 4369],
    ["A@Host_1", "A@Host_1", "Host_1", undefined],
  ])("%s is %s at %s", (text, name, host, port) => {
    expect(parseNodeName(text)).toEqual({ name, host, port });
  });

  // HS-21
  test.each([
    ...[
      "",
      "a",
      "@",
      "@h",
      "a@",
      "a@b@c",
      "a@:1",
      "a b@c",
      "a@b c",
      "é@host",
      "a@hôst",
      "名@host",
      "a\0@host",
      "a@host\0",
    ],
    ...[
      "a@host:",
      "a@host:x",
      "a@host:-1",
      "a@host:65536",
      "a@host:01",
      "a@host:1:2",
      "a@::1",
      "a@[host]",
      "a@[::1",
      "a@[::1]4",
    ],
    ...[
      "a@-host",
      "a@host-",
      "a@.host",
      "a@host.",
      "a@a..b",
      "a.b@host",
      "a@host/x",
      "a@host#1",
      "a@host\n",
      " a@host",
    ],
    ...[`${"a".repeat(64 * 1024)}@host`, `a@${"h".repeat(64 * 1024)}`, `a@${"h".repeat(254)}`],
  ])("%j is none", (text) => {
    expect(parseNodeName(text)).toBeUndefined();
    expect(isNodeIdentity(text)).toBe(false);
  });

  test("an identity has no port and at most 255 characters", () => {
    expect(isNodeIdentity("a@host")).toBe(true);
    expect(isNodeIdentity("a@[::1]")).toBe(true);
    expect(isNodeIdentity("a@host:4369")).toBe(false);
    expect(isNodeIdentity(`a@${"h".repeat(253)}`)).toBe(true);
    expect(parseNodeName(`a@${"h".repeat(253)}:4369`)?.port).toBe(4369);
  });
});

test("host and port are written and read back, with brackets around an IPv6 address", () => {
  for (const [host, port] of [
    ["127.0.0.1", 80],
    ["host", 4369],
    ["::1", 0],
  ] as const) {
    expect(parseHostPort(formatHostPort(host, port))).toEqual({ host, port });
  }
});

test("loopback is this machine only", () => {
  expect(["localhost", "127.0.0.1", "127.1.2.3", "::1"].every(isLoopback)).toBe(true);
  expect(["10.0.0.1", "host", "0.0.0.0", "::", "128.0.0.1"].some(isLoopback)).toBe(false);
});

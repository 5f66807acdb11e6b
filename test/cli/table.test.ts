import { describe, expect, test } from "bun:test";

import { formatBytes, formatCount, formatSpan, properties, table } from "../../src/cli/table.ts";

describe("a table", () => {
  const columns = [
    { title: "NAME", cell: (row: { name: string; count: number }) => row.name },
    {
      title: "COUNT",
      align: "right" as const,
      cell: (row: { name: string; count: number }) => String(row.count),
    },
  ];

  test("is aligned by its widest cells and has no space at its ends", () => {
    expect(
      table(columns, [
        { name: "a", count: 1 },
        { name: "long one", count: 10_000 },
      ]),
    ).toBe("NAME      COUNT\na             1\nlong one  10000\n");
    expect(table(columns, [])).toBe("NAME  COUNT\n");
  });

  test("cuts its widest column to fit a line", () => {
    expect(table(columns, [{ name: "abcdefghijklmnopqrstuvwxyz", count: 1 }], 20)).toBe(
      "NAME           COUNT\nabcdefghijkl…      1\n",
    );
  });

  test("keeps eight characters of each however narrow the line is", () => {
    expect(table(columns, [{ name: "abcdefghijklm", count: 1 }], 5)).toContain("abcdefg…");
  });
});

test("properties stand beside their names", () => {
  expect(
    properties([
      ["a", "1"],
      ["long", "two\nlines"],
    ]),
  ).toBe("a     1\nlong  two·lines\n");
});

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [61_000, "1m 1s"],
  [60_000, "1m"],
  [3_600_000 * 25, "1d 1h"],
  [86_400_000 * 12 + 60_000, "12d"],
])("%d ms is %s", (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_024, "1.0 KiB"],
  [78_643_200, "75.0 MiB"],
  [5 * 1024 ** 4, "5.0 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("thousands are set apart", () => {
  expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

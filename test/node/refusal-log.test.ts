import { expect, test } from "bun:test";

import { RefusalLog } from "../../src/node/refusal-log.ts";

function collected() {
  const lines: { level: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const refusals = new RefusalLog({
    write: (level, _text, fields) => lines.push({ level, fields }),
  });
  const refuse = (code: string, now: number) =>
    refusals.refused("connection refused", { code }, now);
  return { refuse, warnings: () => lines.filter(({ level }) => level === "warn"), lines };
}

test("a flood of refusals is ten lines, and the next window says how many more there were", () => {
  const { refuse, warnings, lines } = collected();
  for (let n = 0; n < 1_000; n++) refuse("handshake_timeout", n);
  expect(warnings()).toHaveLength(10);
  expect(lines).toHaveLength(1_000);
  refuse("handshake_timeout", 10_000);
  expect(warnings().at(-1)?.fields).toEqual({ code: "handshake_timeout", unsaid: 990 });
  refuse("handshake_timeout", 10_001);
  expect(warnings().at(-1)?.fields).toEqual({ code: "handshake_timeout" });
});

test("a flood for one reason does not hide another", () => {
  const { refuse, warnings } = collected();
  for (let n = 0; n < 1_000; n++) refuse("handshake_timeout", n);
  refuse("bad_digest", 1_000);
  expect(warnings().at(-1)?.fields).toEqual({ code: "bad_digest" });
});

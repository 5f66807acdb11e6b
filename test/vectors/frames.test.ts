import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { frameVectors } from "../support/frame-vectors.ts";

/**
 * The golden bytes of every frame: `name: hex`, one a line. They change only with the protocol's version; then
 * `UPDATE_VECTORS=1 bun test test/vectors/frames.test.ts` writes them anew, and `docs/protocol.md` changes with them.
 */
const PATH = new URL("./frames/frames.txt", import.meta.url).pathname;

function lines(): string {
  return [...frameVectors()].map(([name, bytes]) => `${name}: ${bytes.toHex()}\n`).join("");
}

test("every frame has its golden bytes", () => {
  if (process.env["UPDATE_VECTORS"] === "1") writeFileSync(PATH, lines());
  expect(lines().split("\n")).toEqual(readFileSync(PATH, "utf8").split("\n"));
});

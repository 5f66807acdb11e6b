/** Two nodes of the compiled executable. */
import { resolve } from "node:path";

import { BinaryNode, randomCookie } from "../../test/e2e/support/binary-node.ts";
import type { Folder } from "../../test/e2e/support/folder.ts";
import { MEASURE_MS_MAX, type Side, type Values } from "./side.ts";

const ACTORS = resolve(import.meta.dir, "actors.ts");

export async function startSnow(label: string, tls: "auto" | "off", folder: Folder): Promise<Side> {
  const options = {
    cookie: randomCookie(),
    folder: folder.path,
    schedulers: 1,
    modules: [ACTORS],
    env: { SNOW_TLS_MODE: tls },
  };
  const b = await BinaryNode.start({ name: "b@127.0.0.1", ...options });
  const a = await BinaryNode.start({ name: "a@127.0.0.1", ...options, connect: [b] });
  await a.logged("node up", { node: b.name });
  return {
    label,
    async measure(name): Promise<Values> {
      const from = a.lines.all.length;
      const { code, stderr } = await a.tool("spawn", a.hint, "measure", name, b.name);
      if (code !== 0) throw new Error(`${label}: ${stderr}`);
      const line = await a.lines.waitFor((_text, one) => a.fields(one)?.text === "measured", {
        from,
        timeoutMs: MEASURE_MS_MAX,
      });
      return a.fields(line)!.values as Values;
    },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    },
  };
}

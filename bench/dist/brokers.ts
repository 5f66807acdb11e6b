/** What else a TypeScript program would send messages with: NATS through its server, and Moleculer over TCP. */
import { resolve } from "node:path";

import type { Folder } from "../../test/e2e/support/folder.ts";
import { freePort } from "../../test/e2e/support/free-port.ts";
import { Program } from "../../test/e2e/support/program.ts";
import { ProgramSide } from "./side.ts";

const MEASUREMENTS = ["flood.small", "flood.record", "flood.b1k", "flood.b64k", "rtt"];
const PEERS = resolve(import.meta.dir, "../peers");

/** Undefined, and a line that says so, where there is no nats-server. */
export async function startNats(folder: Folder): Promise<ProgramSide | undefined> {
  if (Bun.which("nats-server") === null) {
    console.error("dist: not compared with NATS: no nats-server here");
    return undefined;
  }
  const options = { cwd: folder.path, home: folder.path };
  const port = String(await freePort(["127.0.0.1"]));
  const server = new Program(["nats-server", "-a", "127.0.0.1", "-p", port], options);
  await server.lines.waitFor("Server is ready");
  const start = (file: string) => startScript(`nats/${file}`, [port], folder);
  const sink = await start("sink.ts");
  const driver = await start("main.ts");
  return new ProgramSide("NATS", MEASUREMENTS, { driver, others: [sink, server] });
}

export async function startMoleculer(folder: Folder): Promise<ProgramSide> {
  const [a, b] = [await freePort(["127.0.0.1"]), await freePort(["127.0.0.1"])].map(String);
  const sink = await startScript("moleculer/sink.ts", [b!, a!], folder);
  const driver = await startScript("moleculer/main.ts", [a!, b!], folder);
  return new ProgramSide("Moleculer", MEASUREMENTS, { driver, others: [sink] });
}

async function startScript(
  file: string,
  args: readonly string[],
  folder: Folder,
): Promise<Program> {
  const command = [process.execPath, resolve(PEERS, file), ...args];
  const program = new Program(command, { cwd: folder.path, home: folder.path });
  await program.lines.waitFor("ready");
  return program;
}

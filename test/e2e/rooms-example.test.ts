import { expect, test } from "bun:test";
import { join } from "node:path";

import { BinaryNode, randomCookie } from "./support/binary-node.ts";
import { Browser, browserMissing, type Page } from "./support/browser.ts";
import { Folder } from "./support/folder.ts";
import { steadyPort } from "./support/free-port.ts";
import { buildIfNeeded, PROJECT } from "./support/program.ts";

const SITE = join(PROJECT, "examples/rooms/site.ts");

if (browserMissing !== undefined) console.log(`rooms example: skipped, ${browserMissing}`);

const linesOf = (page: Page): Promise<string[]> =>
  page.value(`[...document.querySelectorAll("#said li")].map((line) => line.textContent)`);

test.skipIf(browserMissing !== undefined)(
  "two pages from two nodes are one room, and stay one when a node is killed",
  async () => {
    await buildIfNeeded();
    using folder = new Folder();
    const ports = [await steadyPort(["127.0.0.1"]), await steadyPort(["127.0.0.1"])];
    const urls = ports.map((port) => `ws://127.0.0.1:${port}`).join(",");
    const common = {
      folder: folder.path,
      cookie: randomCookie(),
      modules: [SITE],
      start: ["chat"],
    };
    const envOf = (port: number) => ({ CHAT_PORT: String(port), CHAT_URLS: urls });
    await using a = await BinaryNode.start({
      ...common,
      name: "a@127.0.0.1",
      env: envOf(ports[0]!),
    });
    await using b = await BinaryNode.start({
      ...common,
      name: "b@127.0.0.1",
      env: envOf(ports[1]!),
      connect: [a],
    });
    await b.logged("node up", { node: "a@127.0.0.1" });
    await using browser = await Browser.start();
    const anna = await browser.open(`http://127.0.0.1:${ports[0]}/?name=anna`);
    const otto = await browser.open(`http://127.0.0.1:${ports[1]}/?name=otto`);
    for (const page of [anna, otto]) {
      await page.shows("both are here", `document.querySelectorAll("#here li").length === 2`);
    }
    await anna.say("#text", "good morning");
    await otto.shows(
      "anna's words",
      `document.querySelector("#said").textContent.includes("good morning")`,
    );
    await otto.say("#text", "and to you");
    await anna.shows(
      "otto's words",
      `document.querySelector("#said").textContent.includes("and to you")`,
    );
    await otto.pointTo(300, 200);
    await anna.shows(
      "otto's pointer",
      `document.querySelector(".pointer")?.textContent === "otto"`,
    );

    await a.kill();
    await otto.say("#text", "where are you?");
    await anna.shows(
      "anna is at the other node",
      `document.querySelector("#state").textContent.includes("connected to ws://127.0.0.1:${ports[1]}")`,
    );
    await anna.shows(
      "what was said meanwhile",
      `document.querySelector("#said").textContent.includes("where are you?")`,
    );
    await anna.say("#text", "still here");
    await otto.shows(
      "anna again",
      `document.querySelector("#said").textContent.includes("still here")`,
    );
    await otto.shows("both are still here", `document.querySelectorAll("#here li").length === 2`);

    for (const page of [anna, otto]) {
      await page.shows("all that was said", `document.querySelectorAll("#said li").length >= 4`);
    }
    const said = ["anna good morning", "otto and to you", "otto where are you?", "anna still here"];
    expect(await linesOf(anna)).toEqual(said);
    expect(await linesOf(otto)).toEqual(said);
    const picture = process.env["ROOMS_PICTURE"];
    if (picture !== undefined) await Bun.write(picture, await anna.picture());
  },
);

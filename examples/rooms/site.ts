import { readFileSync } from "node:fs";

import { defineWeb, room, type RoomMember } from "snow-node";

const page = readFileSync(new URL("./page.html", import.meta.url), "utf8");

/** What is said in the room. */
export interface Said {
  readonly name: string;
  readonly text: string;
}

/** What everybody shows of himself. */
export interface Shown {
  readonly name: string;
}

/** Where somebody's pointer is, in parts of the window. */
export interface Pointer {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

const LOBBY = "lobby";
const CURSORS = "cursors";
const TEXT_CHARS_MAX = 500;

export const lobby = room<Said>(LOBBY);

/** A chat and everybody's pointers, on every scheduler of every node that is started with it. */
export const chat = defineWeb("chat", {
  listen: {
    host: process.env["CHAT_HOST"] ?? "127.0.0.1",
    port: Number(process.env["CHAT_PORT"] ?? 8080),
  },
  fetch: (ctx, request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return html(ctx.node.name);
    if (pathname === "/who") return Response.json(namesOf(ctx.rooms.presence<Shown>(lobby)));
    return new Response("not found\n", { status: 404 });
  },
  socket: {},
  authorize: {
    join: (_ctx, _socket, name) => name === LOBBY || name === CURSORS,
    publish: (_ctx, _socket, name, data) =>
      (name === LOBBY && isSaid(data)) || (name === CURSORS && isPointer(data)),
  },
  // The page may come from one node and its socket go to another.
  origins: "*",
});

/** The page with the nodes that a browser may go to, this one first. */
function html(node: string): Response {
  const urls = (process.env["CHAT_URLS"] ?? "").split(",").filter((url) => url !== "");
  const text = page
    .replace("{{node}}", node)
    .replace("{{urls}}", JSON.stringify(urls).replaceAll("<", "\\u003c"));
  return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8" } });
}

const namesOf = (members: readonly RoomMember<Shown>[]): string[] =>
  members.flatMap(({ presence }) => presence?.name ?? []).toSorted();

function isSaid(data: unknown): data is Said {
  const { name, text } = (data ?? {}) as Partial<Said>;
  return typeof name === "string" && typeof text === "string" && text.length <= TEXT_CHARS_MAX;
}

function isPointer(data: unknown): data is Pointer {
  const { name, x, y } = (data ?? {}) as Partial<Pointer>;
  return typeof name === "string" && typeof x === "number" && typeof y === "number";
}

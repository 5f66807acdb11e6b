import { define, named, type Context, type NodeDown, type NodeUp } from "snow-node";

type Line = { readonly type: "line"; readonly from: string; readonly text: string };
type Room = Context<Line | NodeUp | NodeDown>;

const room = named<Line>("room");

export const chat = define("chat", async (ctx: Room) => {
  ctx.register(room);
  ctx.monitorNodes(true);
  void sendWhatIsTyped(ctx);
  for await (const message of ctx.messages()) {
    if (message.type === "line") console.log(`${message.from}: ${message.text}`);
    else console.log(`* ${message.node} ${message.type === "nodeup" ? "is here" : "has left"}`);
  }
});

/** A terminal hands over what is typed line by line. */
async function sendWhatIsTyped(ctx: Room): Promise<void> {
  const decoder = new TextDecoder();
  for await (const typed of Bun.stdin.stream()) {
    const line: Line = { type: "line", from: ctx.node.name, text: decoder.decode(typed).trimEnd() };
    for (const node of ctx.node.list()) ctx.send({ name: room, node }, line);
  }
}

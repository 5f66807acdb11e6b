/**
 * Rooms under fire: a site on every node, a publisher on every scheduler, and clients that go on at another node whenever theirs
 * is gone, and now and then for no reason.
 */
import {
  ClientRoom,
  type Gap,
  type RoomJoin,
  type RoomOwner,
} from "../../../src/browser/client-room.ts";
import { defineWeb } from "../../../src/behaviour/web/web.ts";
import type { Context } from "../../../src/process/api.ts";
import { define } from "../../../src/process/registry.ts";
import {
  type ClientCursor,
  readMessage,
  ROOMS_PROTOCOL,
  type ToClient,
} from "../../../src/room/client-frame.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import type { SimClient, SimServer, SimSocket } from "../../../src/sim/sim-web.ts";
import type { Run, Workload } from "../run.ts";

const CLIENTS = 6;
const PORT = 8_080;
export const ROOM = "sim room";

export interface Said {
  readonly by: string;
  readonly n: number;
}

interface SentLine extends Said {
  /** How much had been sent before, by all. */
  readonly at: number;
}

/** What one socket of a client is sent: a node says nothing twice, and nothing that the client said it has. */
class Line implements SimClient {
  readonly #client: RoomClient;
  /** Number by origin, up to which nothing may come any more. */
  readonly #floor = new Map<string, number>();

  constructor(client: RoomClient) {
    this.#client = client;
  }

  /** The client or the node says where it goes on. */
  said(cursor: ClientCursor): void {
    for (const [origin, number] of Object.entries(cursor)) this.#floor.set(origin, number);
  }

  message(data: string | Uint8Array): void {
    // Of a socket that it has left it takes nothing any more.
    if (this.#client.line !== this) return;
    const message = readMessage(data);
    if (message === undefined) {
      const frame = JSON.parse(data as string) as ToClient;
      this.#heed(frame);
      return this.#client.told(frame);
    }
    const { origin, number } = message;
    const floor = this.#floor.get(origin) ?? 0;
    if (number <= floor) this.#client.again.push(`${number} of origin ${origin} behind ${floor}`);
    this.#floor.set(origin, number);
    this.#client.room.take(message);
  }

  closed(): void {
    if (this.#client.line === this) this.#client.room.disconnected();
  }

  #heed(frame: ToClient): void {
    if (frame.type === "cursor" || frame.type === "joined") {
      // It goes on where the room is, which may be behind the client: that is for the client to leave out.
      this.said(frame.cursor);
    } else if (frame.type === "gap") {
      const { after, origin, upTo } = frame;
      if (upTo !== null && upTo <= after) {
        this.#client.again.push(`a gap of origin ${origin} from ${after} to ${upTo}`);
      }
      // Of an origin that was given up nobody remembers how much was said, should it come back.
      if (upTo === null) this.#floor.delete(origin);
      else this.#floor.set(origin, upTo);
    }
  }
}

/** Its room is the one of the package; its connections are the simulator's. */
export class RoomClient {
  readonly name: string;
  readonly got: Said[] = [];
  readonly gaps: Gap[] = [];
  /** What nodes sent it that it had, as far as they had told it or were told. */
  readonly again: string[] = [];
  /** Publishers that it has heard. */
  readonly heard = new Set<string>();
  readonly room: ClientRoom<Said>;
  /** How much had been sent when it had joined for the first time. */
  joinedAt: number | undefined;
  line: Line | undefined;
  #socket: SimSocket | undefined;
  #isConnecting = false;
  readonly #was: string[] = [];

  constructor(name: string, run: Run) {
    this.name = name;
    const owner: RoomOwner = {
      tell: (request) => this.#socket?.say(JSON.stringify(request)),
      publish: () => Promise.reject(new Error("publishers are processes here")),
      forget: () => undefined,
      now: () => run.now,
    };
    const join: RoomJoin<Said> = {
      presence: name,
      message: (said, { origin }) => {
        roomLog.originOf.set(said.by, origin);
        this.heard.add(said.by);
        this.got.push(said);
      },
      gap: (gap) => this.gaps.push(gap),
      joined: () => (this.joinedAt ??= roomLog.sent.length),
    };
    this.room = new ClientRoom(ROOM, owner, { join, isGiven: false });
  }

  get isJoined(): boolean {
    return this.room.isJoined;
  }

  /** Goes to a server, unless it is at one. */
  visit(server: SimServer): void {
    if (this.#isConnecting || this.#socket?.isOpen === true) return;
    this.room.disconnected();
    // What it heard before it was in was for nobody to go on from.
    if (this.joinedAt === undefined) this.heard.clear();
    this.#isConnecting = true;
    const line = new Line(this);
    this.line = line;
    void server.connect(line, ROOMS_PROTOCOL).then((socket) => {
      this.#isConnecting = false;
      this.#socket = socket;
      if (socket === undefined) return;
      const mine = this.room.resumed();
      const rooms = mine === undefined ? {} : { [ROOM]: mine };
      line.said(mine?.cursor ?? {});
      socket.say(JSON.stringify({ type: "hello", was: this.#was, rooms }));
      this.room.joinAgain();
    });
  }

  leave(): void {
    this.room.disconnected();
    this.#socket?.drop();
  }

  told(frame: ToClient): void {
    if (frame.type === "welcome") this.#was.push(frame.socket);
    else if ("room" in frame) this.room.told(frame);
  }
}

export interface RoomLog {
  readonly sent: SentLine[];
  /** None in a run without rooms. */
  readonly clients: RoomClient[];
  /** Whose numbering an origin is, as far as any client has heard of it. */
  readonly originOf: Map<string, string>;
}

const fresh = (): RoomLog => ({ sent: [], clients: [], originOf: new Map() });

export let roomLog = fresh();

export const simSite = defineWeb("sim.site", {
  listen: { port: PORT },
  socket: {},
  authorize: { join: () => true },
});

/** Counts in the room each time that it is told to. */
const publisher = define("sim.publisher", async (ctx: Context<"publish">) => {
  const by = ctx.self.toString();
  for (let n = 1; ; n++) {
    await ctx.receive();
    roomLog.sent.push({ by, n, at: roomLog.sent.length });
    ctx.rooms.publish(ROOM, { by, n });
  }
});

const starter = define("sim.starter", async (ctx: Context<never>) => {
  await simSite.start(ctx, [], { link: true });
  await ctx.sleep(Infinity);
});

function start(run: Run, node: SimNode, place: number, what: unknown, functionName: string): void {
  const { scheduler } = node.schedulers[place]!;
  run.at(node, place, () => {
    const plan = { functionName, parent: undefined, name: undefined, mailboxMax: undefined };
    scheduler.spawn(what as never, [], plan);
  });
}

/** Every server of the cluster that takes connections. */
const servers = (run: Run): SimServer[] =>
  [...run.world.nodes.values()].flatMap(({ ports }) => [...(ports.get(PORT) ?? [])]);

const everybodyIn = (run: Run): void => {
  for (const client of roomLog.clients) {
    const server = run.one(servers(run));
    if (server !== undefined) client.visit(server);
  }
};

export const rooms: Workload = {
  name: "rooms",
  functions: ["sim.site", "sim.publisher", "sim.starter"],
  begin() {
    roomLog = fresh();
  },
  started(run, _short, node) {
    const { clients } = roomLog;
    while (clients.length < CLIENTS) clients.push(new RoomClient(`client ${clients.length}`, run));
    start(run, node, 0, starter, "sim.starter");
    for (const place of node.schedulers.keys()) start(run, node, place, publisher, "sim.publisher");
  },
  step(run) {
    everybodyIn(run);
    if (run.random.below(20) === 0) run.one(roomLog.clients)?.leave();
    const at = run.one([...run.schedulers()]);
    const to = at?.scheduler.list().find(({ functionName }) => functionName === "sim.publisher");
    if (at === undefined || to === undefined) return;
    run.at(at.node, at.scheduler.index - 1, () =>
      at.scheduler.dispatch({ kind: "message", from: undefined, to: to.pid, message: "publish" }),
    );
  },
  quiesce(run) {
    // Those whose node is gone have to come back, which nobody has told them if it went last, and to be told of origins that are.
    let tries = 0;
    do {
      everybodyIn(run);
      run.world.run(250);
    } while (++tries < 40 && !roomLog.clients.every(({ isJoined }) => isJoined));
  },
  end(run) {
    for (const client of roomLog.clients) client.leave();
    for (const { node, scheduler } of run.schedulers()) {
      run.at(node, scheduler.index - 1, () => {
        for (const { pid, functionName } of scheduler.list()) {
          if (!rooms.functions.includes(functionName)) continue;
          scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
        }
      });
    }
  },
};

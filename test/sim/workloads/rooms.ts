/**
 * Rooms under fire: a site on every node, a publisher on every scheduler, and clients that go on at another node whenever theirs
 * is gone, and now and then for no reason.
 */
import { defineWeb } from "../../../src/behaviour/web.ts";
import type { Context } from "../../../src/process/api.ts";
import { define } from "../../../src/process/registry.ts";
import { readMessage, ROOMS_PROTOCOL, type ToClient } from "../../../src/room/client-frame.ts";
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

type Gap = Extract<ToClient, { type: "gap" }>;

export class RoomClient implements SimClient {
  readonly name: string;
  readonly got: Said[] = [];
  readonly gaps: Gap[] = [];
  readonly cursor = new Map<string, number>();
  /** Whose numbering an origin is. */
  readonly originOf = new Map<string, string>();
  /** How much had been sent when it had joined for the first time. */
  joinedAt: number | undefined;
  isJoined = false;
  socket: SimSocket | undefined;
  #isConnecting = false;
  #since = 0;
  readonly #was: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Goes to a server, unless it is at one. */
  visit(run: Run, server: SimServer): void {
    if (this.#isConnecting) return;
    if (this.socket !== undefined && this.socket.isOpen) return;
    this.isJoined = false;
    this.#isConnecting = true;
    void server.connect(this, ROOMS_PROTOCOL).then((socket) => {
      this.#isConnecting = false;
      this.socket = socket;
      if (socket === undefined) return;
      const mine = { cursor: Object.fromEntries(this.cursor), ageMs: run.now - this.#since };
      const rooms = this.joinedAt === undefined ? {} : { [ROOM]: mine };
      socket.say(JSON.stringify({ type: "hello", was: this.#was, rooms }));
      socket.say(JSON.stringify({ type: "join", room: ROOM, presence: this.name }));
      this.#run = run;
    });
  }

  leave(): void {
    this.isJoined = false;
    this.socket?.drop();
  }

  #run: Run | undefined;

  message(data: string | Uint8Array): void {
    const message = readMessage(data);
    if (message === undefined) return this.#told(JSON.parse(data as string) as ToClient);
    const { origin, number, payload } = message;
    if (number <= (this.cursor.get(origin) ?? 0)) return;
    this.cursor.set(origin, number);
    const said = JSON.parse(payload as string) as Said;
    this.originOf.set(said.by, origin);
    this.got.push(said);
  }

  closed(): void {
    this.isJoined = false;
  }

  #told(frame: ToClient): void {
    if (frame.type === "welcome") this.#was.push(frame.socket);
    if (frame.type === "cursor" || frame.type === "joined") {
      for (const [origin, number] of Object.entries(frame.cursor)) {
        this.cursor.set(origin, Math.max(number, this.cursor.get(origin) ?? 0));
      }
    }
    if (frame.type === "joined") {
      this.isJoined = true;
      if (this.joinedAt === undefined) {
        this.joinedAt = roomLog.sent.length;
        this.#since = this.#run?.now ?? 0;
      }
    }
    if (frame.type !== "gap") return;
    this.gaps.push(frame);
    if (frame.upTo !== null) {
      this.cursor.set(frame.origin, Math.max(frame.upTo, this.cursor.get(frame.origin) ?? 0));
    }
  }
}

export interface RoomLog {
  readonly sent: SentLine[];
  /** None in a run without rooms. */
  readonly clients: RoomClient[];
}

const fresh = (): RoomLog => ({ sent: [], clients: [] });

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
    if (server !== undefined) client.visit(run, server);
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
    while (clients.length < CLIENTS) clients.push(new RoomClient(`client ${clients.length}`));
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
    // Those whose node is gone have to come back, and to be told of origins that are.
    for (let tries = 0; tries < 40 && !roomLog.clients.every(({ isJoined }) => isJoined); tries++) {
      everybodyIn(run);
      run.world.run(250);
    }
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

import { Handshake } from "../../src/session/handshake/handshake.ts";
import type {
  Established,
  HandshakeInput,
  HandshakeOutput,
} from "../../src/session/handshake/handshake-io.ts";
import type { Role } from "../../src/session/handshake/transcript.ts";
import { CAPABILITIES_OFFERED, CAPABILITIES_REQUIRED } from "../../src/wire/capabilities.ts";
import type { Hello } from "../../src/wire/handshake-message.ts";
import { digest } from "./digest.ts";

export const COOKIE: Uint8Array = new Uint8Array(32).fill(0xc0);
export const EXPORTER: Uint8Array = new Uint8Array(32).fill(0xe7);
export const FRESH: Uint8Array = new Uint8Array(16).fill(0xf5);

/** The HELLO of a node with two schedulers; the nonce follows from name and creation. */
export function makeHello(name: string, creation = 77): Hello {
  return {
    versions: { min: 1, max: 1 },
    capabilities: { offered: CAPABILITIES_OFFERED, required: CAPABILITIES_REQUIRED },
    tlsMode: "auto",
    name,
    creation,
    nonce: digest.sha256(new TextEncoder().encode(`${name}#${creation}`)),
    address: { host: "127.0.0.1", port: 4369 },
    schedulers: 2,
    lanePorts: [4001, 4002],
    hidden: false,
    tickIntervalMs: 60_000,
    graceMs: 5_000,
  };
}

export interface EndOptions {
  readonly hello?: Partial<Hello>;
  readonly cookies?: readonly Uint8Array[];
  readonly exporter?: Uint8Array;
  readonly expectedName?: string;
  /** What the driver answers; by default it admits and commits a fresh session. */
  readonly answer?: (
    output: Extract<HandshakeOutput, { kind: "need_decision" }>,
  ) => HandshakeInput | undefined;
}

/** One side of a handshake, with everything it put out. */
export class HandshakeEnd {
  readonly core: Handshake;
  readonly outputs: HandshakeOutput[] = [];
  readonly sent: Uint8Array[] = [];
  readonly #answer: NonNullable<EndOptions["answer"]>;

  constructor(role: Role, name: string, options: EndOptions = {}) {
    this.#answer =
      options.answer ??
      ((output) =>
        output.stage === "admit"
          ? { kind: "admit", resume: undefined }
          : { kind: "commit", session: FRESH });
    this.core = new Handshake({
      role,
      hello: { ...makeHello(name), ...options.hello },
      cookies: options.cookies ?? [COOKIE],
      digest,
      exporter: options.exporter ?? EXPORTER,
      expectedName: options.expectedName,
      deadline: 7_000,
    });
  }

  /** What it says next, answering decisions on the way. */
  poll(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (
      let output = this.core.pollOutput();
      output !== undefined;
      output = this.core.pollOutput()
    ) {
      this.outputs.push(output);
      if (output.kind === "send") frames.push(output.bytes);
      if (output.kind === "need_decision") {
        const answer = this.#answer(output);
        if (answer !== undefined) this.core.handle(answer, 0);
      }
    }
    this.sent.push(...frames);
    return frames;
  }

  receive(bytes: Uint8Array): void {
    this.core.handle({ kind: "received", bytes }, 0);
  }

  get established(): Established | undefined {
    return this.outputs.find((output) => output.kind === "established");
  }

  get failed(): Extract<HandshakeOutput, { kind: "failed" }> | undefined {
    return this.outputs.find((output) => output.kind === "failed");
  }
}

/** Two sides and the wire between them; `tap` sees every frame and may change it. */
export class HandshakePair {
  readonly dialler: HandshakeEnd;
  readonly acceptor: HandshakeEnd;
  /** Frames as they were delivered, in order, with who sent them. */
  readonly delivered: { readonly from: Role; readonly bytes: Uint8Array }[] = [];

  constructor(
    diallerName: string,
    acceptorName: string,
    dialler: EndOptions = {},
    acceptor: EndOptions = {},
  ) {
    this.dialler = new HandshakeEnd("dialler", diallerName, dialler);
    this.acceptor = new HandshakeEnd("acceptor", acceptorName, acceptor);
  }

  drive(
    tap: (bytes: Uint8Array, index: number, from: Role) => Uint8Array = (bytes) => bytes,
    chunkMax = Infinity,
  ): this {
    for (let rounds = 0; rounds < 20; rounds++) {
      let moved = false;
      for (const from of ["dialler", "acceptor"] as const) {
        const [end, other] =
          from === "dialler" ? [this.dialler, this.acceptor] : [this.acceptor, this.dialler];
        for (const frame of end.poll()) {
          moved = true;
          const bytes = tap(frame, this.delivered.length, from);
          this.delivered.push({ from, bytes });
          for (let at = 0; at < bytes.length; at += chunkMax)
            other.receive(bytes.slice(at, at + chunkMax));
        }
      }
      if (!moved) return this;
    }
    throw new Error("the handshake never comes to rest");
  }
}

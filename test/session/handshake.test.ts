import { describe, expect, test } from "bun:test";
import { Handshake } from "../../src/session/handshake/handshake.ts";
import type { HandshakeInput } from "../../src/session/handshake/handshake-io.ts";
import type { Role } from "../../src/session/handshake/transcript.ts";
import { encodeFrame, FrameKind } from "../../src/wire/frame.ts";
import { decodeRefuse, type Hello } from "../../src/wire/handshake-message.ts";
import {
  COOKIE,
  EXPORTER,
  FRESH,
  HandshakeEnd,
  HandshakePair,
  makeHello,
  type EndOptions,
} from "../support/handshake-pair.ts";
import { digest } from "../support/digest.ts";

/** Both orders of names: the arbiter dials, the arbiter accepts. */
const ORDERS: readonly [arbiter: Role, dialler: string, acceptor: string][] = [
  ["acceptor", "a@host", "b@host"],
  ["dialler", "b@host", "a@host"],
];

const both = (pair: HandshakePair) => [pair.dialler, pair.acceptor];
const code = (end: HandshakeEnd): string | undefined => end.failed?.error.code;

describe.each(ORDERS)(
  "a handshake whose %s is the arbiter",
  (arbiter, diallerName, acceptorName) => {
    test("ends with the same session, key and agreement on both sides", () => {
      const pair = new HandshakePair(diallerName, acceptorName).drive();
      const [dialler, acceptor] = both(pair).map((end) => end.established!);
      for (const one of [dialler!, acceptor!]) {
        expect(one.session).toEqual(FRESH);
        expect(one.resumed).toBe(false);
        expect(one.peer.agreement.version).toBe(1);
      }
      expect(dialler!.laneKey).toEqual(acceptor!.laneKey);
      expect(dialler!.laneKey).toHaveLength(32);
      expect(dialler!.peer.hello).toEqual(makeHello(acceptorName));
      expect(acceptor!.peer.hello).toEqual(makeHello(diallerName));
    });

    test("the last message is the arbiter's COMMIT, and the dialler proves first", () => {
      const pair = new HandshakePair(diallerName, acceptorName).drive();
      const kinds = pair.delivered.map(({ from, bytes }) => [from, bytes[4]]);
      expect(kinds).toEqual([
        ["dialler", FrameKind.HELLO],
        ["acceptor", FrameKind.HELLO],
        ["dialler", FrameKind.PROOF],
        ["acceptor", FrameKind.PROOF],
        [arbiter, FrameKind.COMMIT],
      ]);
    });

    test("arrives one byte at a time as well", () => {
      const pair = new HandshakePair(diallerName, acceptorName).drive(undefined, 1);
      for (const end of both(pair)) expect(end.established).toBeDefined();
    });

    test("fails on both sides when any bit of any frame is flipped", () => {
      const reference = new HandshakePair(diallerName, acceptorName).drive().delivered;
      for (let index = 0; index < reference.length; index++) {
        for (let at = 0; at < reference[index]!.bytes.length; at++) {
          const bit = 1 << ((at * 5) % 8);
          const pair = new HandshakePair(diallerName, acceptorName).drive((bytes, number) => {
            if (number !== index) return bytes;
            const flipped = bytes.slice();
            flipped[at]! ^= bit;
            return flipped;
          });
          const receiver = reference[index]!.from === "dialler" ? pair.acceptor : pair.dialler;
          expect(receiver.established).toBeUndefined();
          // The arbiter cannot know what becomes of what it says last; of all else both sides know.
          if (reference[index]!.from !== arbiter || index < 3)
            for (const end of both(pair)) expect(end.established).toBeUndefined();
        }
      }
    });

    test("fails when any frame is cut at any length and the connection closes", () => {
      const reference = new HandshakePair(diallerName, acceptorName).drive().delivered;
      for (let index = 0; index < reference.length; index++) {
        for (let length = 0; length < reference[index]!.bytes.length; length += 3) {
          const pair = new HandshakePair(diallerName, acceptorName).drive((bytes, number) =>
            number < index ? bytes : bytes.slice(0, number === index ? length : 0),
          );
          const receiver = reference[index]!.from === "dialler" ? pair.acceptor : pair.dialler;
          receiver.core.handle({ kind: "closed" }, 0);
          receiver.poll();
          expect(code(receiver)).toBe("closed_by_peer");
        }
      }
    });

    test("resumes the session that both sides still have", () => {
      const session = new Uint8Array(16).fill(3);
      const keeps: EndOptions = {
        answer: (output) =>
          output.stage === "admit"
            ? { kind: "admit", resume: session }
            : { kind: "commit", session: output.peer.resume! },
      };
      const pair = new HandshakePair(diallerName, acceptorName, keeps, keeps).drive();
      for (const end of both(pair)) {
        expect(end.established!.session).toEqual(session);
        expect(end.established!.resumed).toBe(true);
      }
    });

    test("a refusal after both proofs is proved, and its reason reaches the other side", () => {
      const refuses: EndOptions = {
        answer: (output) =>
          output.authenticated
            ? { kind: "refuse", code: "name_taken", text: "there is one already" }
            : { kind: "admit", resume: undefined },
      };
      const pair = new HandshakePair(diallerName, acceptorName, refuses, refuses).drive();
      for (const end of both(pair)) {
        expect(code(end)).toBe("name_taken");
        expect(end.failed!.authenticated).toBe(true);
      }
      expect(
        both(pair)
          .map((end) => end.failed!.by)
          .toSorted(),
      ).toEqual(["here", "peer"]);
    });

    test("bytes behind the last message are handed on", () => {
      const pair = new HandshakePair(diallerName, acceptorName);
      pair.drive((bytes, index) => (index === 4 ? new Uint8Array([...bytes, 1, 2, 3]) : bytes));
      const receiver = arbiter === "dialler" ? pair.acceptor : pair.dialler;
      expect(receiver.established!.rest).toEqual(new Uint8Array([1, 2, 3]));
    });

    test("a relay between two TLS connections gets nowhere", () => {
      const pair = new HandshakePair(
        diallerName,
        acceptorName,
        {},
        { exporter: new Uint8Array(32).fill(1) },
      ).drive();
      for (const end of both(pair)) expect(code(end)).toBe("bad_digest");
    });

    test("another cookie is refused, and the acceptor has said nothing that could be guessed at", () => {
      const pair = new HandshakePair(diallerName, acceptorName, {
        cookies: [new Uint8Array(32)],
      }).drive();
      for (const end of both(pair)) expect(code(end)).toBe("bad_digest");
      expect(pair.acceptor.sent.map((frame) => frame[4])).toEqual([
        FrameKind.HELLO,
        FrameKind.REFUSE,
      ]);
      expect(pair.acceptor.failed!.error.message).toContain("compare the cookie files");
    });

    test.each([
      ["old and new", "old"],
      ["old", "new and old"],
      ["new and old", "old and new"],
      ["new", "old and new"],
    ])("during a rotation %s meets %s", (ofDialler, ofAcceptor) => {
      const old = COOKIE;
      const fresh = new Uint8Array(32).fill(0x4e);
      const cookies = (text: string) =>
        text.split(" and ").map((word) => (word === "old" ? old : fresh));
      const pair = new HandshakePair(
        diallerName,
        acceptorName,
        { cookies: cookies(ofDialler) },
        { cookies: cookies(ofAcceptor) },
      ).drive();
      for (const end of both(pair)) expect(end.established).toBeDefined();
    });

    test("works without TLS, bound to the cookie alone", () => {
      const off: EndOptions = { hello: { tlsMode: "off" }, exporter: new Uint8Array(0) };
      const pair = new HandshakePair(diallerName, acceptorName, off, off).drive();
      expect(pair.dialler.established!.laneKey).toEqual(pair.acceptor.established!.laneKey);
    });

    test.each<[string, Partial<Hello>, string, string]>([
      [
        "no common version",
        { versions: { min: 2, max: 3 } },
        "version_unsupported",
        "speaks protocol versions 2 to 3",
      ],
      [
        "a missing capability",
        { capabilities: { offered: 0, required: 0 } },
        "capability_missing",
        "lacks resume, fragments, lanes",
      ],
      [
        "an unknown required capability",
        { capabilities: { offered: 0xff, required: 0x80 } },
        "capability_missing",
        "lacks bit 7",
      ],
      ["another TLS mode", { tlsMode: "ca" }, "tls_mode_differs", 'has tls.mode "ca"'],
    ])("%s is refused on both sides in clear words", (_what, hello, expected, text) => {
      const pair = new HandshakePair(diallerName, acceptorName, { hello }).drive();
      expect(code(pair.acceptor)).toBe(expected);
      expect(code(pair.dialler)).toBe(expected);
      expect(pair.acceptor.failed!.error.message).toContain(text);
      expect(pair.dialler.failed!.error.message).toContain(text);
    });

    test("unknown optional capabilities and a newer highest version do not matter", () => {
      const hello: Partial<Hello> = {
        versions: { min: 1, max: 2 },
        capabilities: { offered: 0xffff_ffff, required: 0x7 },
      };
      const pair = new HandshakePair(diallerName, acceptorName, { hello }).drive();
      expect(pair.acceptor.established!.peer.agreement).toEqual({ version: 1, capabilities: 0x3f });
    });

    test("bytes behind the fields of a HELLO belong to later versions and are ignored", () => {
      const grown = (end: HandshakeEnd) => end;
      const pair = new HandshakePair(diallerName, acceptorName);
      // Both sides have to hash the same bytes, so the longer HELLO is made by hand on both ends of a relay-free wire.
      const hello = grown(pair.dialler).poll()[0]!;
      pair.acceptor.receive(encodeFrame(new Uint8Array([...hello.slice(4), 1, 2, 3])));
      pair.acceptor.poll();
      expect(pair.acceptor.core.state).toBe("awaiting_proof");
    });
  },
);

describe("names", () => {
  test("a node that reaches itself says so", () => {
    const pair = new HandshakePair("a@host", "a@host").drive();
    for (const end of both(pair)) expect(code(end)).toBe("connected_to_self");
  });

  test("a namesake is refused as such", () => {
    const pair = new HandshakePair("a@host", "a@host", { hello: { creation: 78 } }).drive();
    for (const end of both(pair)) expect(code(end)).toBe("name_taken");
  });

  test("a dialler that expects another name says whom it got", () => {
    const pair = new HandshakePair("a@host", "b@host", { expectedName: "c@host" }).drive();
    expect(code(pair.dialler)).toBe("bad_name");
    expect(pair.dialler.failed!.error.message).toBe(
      "b@host answers at this address, expected c@host",
    );
  });
});

describe("attacks", () => {
  test("our own frames sent back to us are refused", () => {
    const dialler = new HandshakeEnd("dialler", "a@host");
    for (const frame of dialler.poll()) dialler.receive(frame);
    dialler.poll();
    expect(code(dialler)).toBe("connected_to_self");
  });

  test("our own proof sent back to us is refused", () => {
    const dialler = new HandshakeEnd("dialler", "a@host");
    const honest = new HandshakeEnd("acceptor", "b@host");
    honest.receive(dialler.poll()[0]!);
    dialler.receive(honest.poll()[0]!);
    dialler.receive(dialler.poll()[0]!);
    dialler.poll();
    expect(code(dialler)).toBe("bad_digest");
  });

  test("a recorded handshake is of no use against a new nonce", () => {
    const recorded = new HandshakePair("a@host", "b@host").drive().dialler.sent;
    const acceptor = new HandshakeEnd("acceptor", "b@host", {
      hello: { nonce: new Uint8Array(32).fill(9) },
    });
    for (const frame of recorded) {
      acceptor.receive(frame);
      acceptor.poll();
    }
    expect(code(acceptor)).toBe("bad_digest");
  });

  test("a downgraded version list is noticed", () => {
    const newer: EndOptions = { hello: { versions: { min: 1, max: 2 } } };
    const pair = new HandshakePair("a@host", "b@host", newer, newer).drive((bytes, index) => {
      if (index > 1) return bytes;
      const lowered = bytes.slice();
      lowered[11] = 1;
      return lowered;
    });
    for (const end of both(pair)) expect(code(end)).toBe("bad_digest");
  });

  test("a forged REFUSE without a proof is told apart from a proved one", () => {
    const pair = new HandshakePair("a@host", "b@host");
    pair.dialler.poll();
    const forger = new HandshakeEnd("acceptor", "z@host", { cookies: [new Uint8Array(32)] });
    forger.core.handle({ kind: "refuse", code: "name_taken", text: "go away" }, 0);
    pair.dialler.receive(forger.poll()[0]!);
    pair.dialler.poll();
    expect(code(pair.dialler)).toBe("name_taken");
    expect(pair.dialler.failed!.authenticated).toBe(false);
  });

  test.each([
    ["a request of HTTP", "GET / HTTP/1.1\r\n\r\n", "bad_magic", "client of HTTP"],
    [
      "a TLS ClientHello",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "tls_mode_differs",
      "got TLS",
    ],
    ["a TLS alert", "\x15\x03\x01\x00\x02\x02\x46", "tls_mode_differs", "set the same"],
    ["random bytes", "\xf3\x99\x12\xd7\x00\x01\x02\x03", "bad_magic", "got no HELLO"],
  ])("%s is refused in words that help", (_what, text, expected, words) => {
    const acceptor = new HandshakeEnd("acceptor", "b@host");
    acceptor.receive(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    acceptor.poll();
    expect(code(acceptor)).toBe(expected);
    expect(acceptor.failed!.error.message).toContain(words);
    expect(decodeRefuse(acceptor.sent[0]!.slice(4)).code as string).toBe(expected);
  });
});

/** How a side gets into each state that waits for the peer, and the one frame kind that it then expects. */
const STATES: readonly [
  state: string,
  role: Role,
  names: [string, string],
  frames: number,
  expected: number | undefined,
][] = [
  ["awaiting_hello", "acceptor", ["a@host", "b@host"], 0, FrameKind.HELLO],
  ["awaiting_hello", "dialler", ["a@host", "b@host"], 0, FrameKind.HELLO],
  ["awaiting_admission", "dialler", ["a@host", "b@host"], 1, undefined],
  ["awaiting_proof", "acceptor", ["a@host", "b@host"], 1, FrameKind.PROOF],
  ["awaiting_decision", "acceptor", ["a@host", "b@host"], 2, undefined],
  ["awaiting_commit", "dialler", ["a@host", "b@host"], 2, FrameKind.COMMIT],
  ["awaiting_commit", "acceptor", ["b@host", "a@host"], 2, FrameKind.COMMIT],
];

describe.each(STATES)(
  "in state %s the %s",
  (state, role, [diallerName, acceptorName], frames, expected) => {
    /** A side of a handshake stopped in that state. */
    function stopped(): HandshakeEnd {
      const record = new HandshakePair(diallerName, acceptorName)
        .drive()
        .delivered.filter(({ from }) => from !== role);
      const waits = state === "awaiting_admission" || state === "awaiting_decision";
      const end = new HandshakeEnd(
        role,
        role === "dialler" ? diallerName : acceptorName,
        waits ? { answer: () => undefined } : {},
      );
      end.poll();
      for (const { bytes } of record.slice(0, frames)) {
        end.receive(bytes);
        end.poll();
      }
      expect(end.core.state as string).toBe(state);
      return end;
    }

    test.each(
      Object.entries(FrameKind).filter(
        ([, kind]) => kind !== FrameKind.REFUSE && kind !== expected,
      ),
    )("ends as it gets %s", (_name, kind) => {
      const end = stopped();
      end.receive(encodeFrame(new Uint8Array([kind, ...new Uint8Array(60)])));
      end.poll();
      expect(code(end)).toBe("unexpected_message");
    });

    test("ends at its deadline, and not before", () => {
      const end = stopped();
      expect(end.core.pollTimeout()).toBe(7_000);
      end.core.handleTimeout(6_999);
      expect(end.core.state as string).toBe(state);
      end.core.handleTimeout(7_000);
      end.poll();
      expect(code(end)).toBe("handshake_timeout");
      expect(end.core.pollTimeout()).toBeUndefined();
    });

    test("ends when the connection closes, and stays ended", () => {
      const end = stopped();
      end.core.handle({ kind: "closed" }, 0);
      end.poll();
      expect(code(end)).toBe("closed_by_peer");
      const inputs: HandshakeInput[] = [
        { kind: "closed" },
        { kind: "received", bytes: new Uint8Array([1]) },
        { kind: "admit", resume: undefined },
      ];
      for (const input of inputs) end.core.handle(input, 0);
      end.core.handleTimeout(9_999);
      expect(end.poll()).toEqual([]);
      expect(end.outputs.filter((output) => output.kind === "failed")).toHaveLength(1);
    });
  },
);

test("TLS without an exporter, or an exporter without TLS, is our own mistake", () => {
  const make = (tlsMode: "auto" | "off", exporter: Uint8Array) =>
    new Handshake({
      role: "dialler",
      hello: { ...makeHello("a@host"), tlsMode },
      cookies: [COOKIE],
      digest,
      exporter,
      deadline: 1,
    });
  expect(() => make("auto", new Uint8Array(0))).toThrow("exporter");
  expect(() => make("off", EXPORTER)).toThrow("exporter");
});

import { describe, expect, test } from "bun:test";
import { capabilityNames, negotiateCapabilities } from "../../src/wire/capabilities.ts";
import { isArbiter, isNodeName } from "../../src/wire/node-name.ts";
import {
  codeNumber,
  codeOfNumber,
  codeSentence,
  protocolCode,
} from "../../src/wire/protocol-code.ts";
import { negotiateVersion } from "../../src/wire/version.ts";

describe("versions", () => {
  test.each([
    [[1, 1], [1, 1], 1],
    [[1, 3], [2, 5], 3],
    [[2, 3], [1, 2], 2],
    [[1, 1], [2, 3], undefined],
    [[4, 5], [1, 3], undefined],
  ] as const)("%p meets %p: %p", ([ownMin, ownMax], [peerMin, peerMax], expected) => {
    const [own, peer] = [
      { min: ownMin, max: ownMax },
      { min: peerMin, max: peerMax },
    ];
    expect(negotiateVersion(own, peer)).toBe(expected as number);
    expect(negotiateVersion(peer, own)).toBe(expected as number);
  });
});

describe("capabilities", () => {
  test("what both offer is common, what one requires and the other lacks is named", () => {
    const own = { offered: 0b0111, required: 0b0001 };
    const peer = { offered: 0b1000_0110, required: 0b1000_0000 };
    expect(negotiateCapabilities(own, peer)).toEqual({
      common: 0b0110,
      missingAtPeer: 0b0001,
      missingHere: 0b1000_0000,
    });
    expect(capabilityNames(0b1000_0101)).toEqual(["resume", "lanes", "bit 7"]);
    expect(capabilityNames(1 << 31)).toEqual(["bit 31"]);
  });
});

describe("node names", () => {
  test.each(["a@host", "a_1.b-c@10.0.0.1", "a@[::1]", `${"a".repeat(250)}@host`])(
    "%s is one",
    (name) => {
      expect(isNodeName(name)).toBe(true);
    },
  );

  test("exactly one of two names is the arbiter's", () => {
    expect(isArbiter("b@host", "a@host")).toBe(true);
    expect(isArbiter("a@host", "b@host")).toBe(false);
  });
});

describe("codes", () => {
  test("every number means one code, and an unknown one an unexpected message", () => {
    for (let number = 0; number < 256; number++) {
      const code = codeOfNumber(number);
      if (codeNumber(code) !== number) expect(code).toBe("unexpected_message");
      expect(codeSentence(code)).not.toEndWith(".");
      expect(codeNumber(protocolCode(code))).toBeLessThan(64);
    }
  });
});

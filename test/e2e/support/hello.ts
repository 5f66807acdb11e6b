import { randomBytes } from "node:crypto";

import { CAPABILITIES_OFFERED, CAPABILITIES_REQUIRED } from "../../../src/wire/capabilities.ts";
import {
  encodeHello,
  encodeProofHead,
  NONCE_BYTES,
  PROOF_BYTES,
  sealFrame,
  type Hello,
} from "../../../src/wire/handshake-message.ts";
import { PROTOCOL_VERSION } from "../../../src/wire/version.ts";

/** What a node that speaks this version says of itself, or what differs from it in what is given. */
export function helloFields(different: Partial<Hello> = {}): Hello {
  return {
    versions: { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION },
    capabilities: { offered: CAPABILITIES_OFFERED, required: CAPABILITIES_REQUIRED },
    tlsMode: "auto",
    name: "stranger@127.0.0.1",
    creation: 1,
    nonce: randomBytes(NONCE_BYTES),
    address: undefined,
    schedulers: 1,
    lanePorts: [],
    hidden: false,
    tickIntervalMs: 60_000,
    graceMs: 0,
    ...different,
  };
}

/** The same as a whole frame. */
export const hello = (different: Partial<Hello> = {}): Uint8Array =>
  encodeHello(helloFields(different));

/** A PROOF by somebody who does not know the cookie. */
export const guessedProof = (): Uint8Array =>
  sealFrame(encodeProofHead(1, undefined), [randomBytes(PROOF_BYTES)]);

import { ProtocolError, type DecodeError } from "../../base/error.ts";
import type { TlsMode } from "../../wire/handshake-message.ts";

/**
 * Why the first bytes of a connection are no HELLO, in words that help: another TLS mode, HTTP, or something else.
 * `bytes` is the chunk that failed; only its first four are looked at.
 */
export function strangerError(
  bytes: Uint8Array,
  error: DecodeError,
  tlsMode: TlsMode,
): ProtocolError {
  const [first = 0, second = 0] = bytes;
  // A TLS record of type alert, which answers what is no TLS, or handshake, which is a dial; version 3.x.
  if ((first === 0x15 || first === 0x16) && second === 0x03) {
    return new ProtocolError(
      "tls_mode_differs",
      `got TLS, expected plain text: tls.mode is "${tlsMode}" here; set the same on both nodes`,
    );
  }
  const head = bytes.subarray(0, 4);
  if (head.length === 4 && head.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    const text = JSON.stringify(String.fromCharCode(...head));
    return new ProtocolError(
      "bad_magic",
      `got text that begins with ${text}, expected HELLO; is this a client of HTTP?`,
    );
  }
  return new ProtocolError("bad_magic", `got no HELLO: ${error.message}`, { cause: error });
}

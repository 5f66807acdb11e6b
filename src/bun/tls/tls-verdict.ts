import { ConnectionError } from "../../base/error.ts";

/** What BoringSSL calls the fault of a certificate → what the operator is to read. */
const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the peer's certificate has expired",
  CERT_NOT_YET_VALID: "the peer's certificate is not valid yet; is its clock or ours wrong?",
  CERT_REVOKED: "the peer's certificate was revoked",
  INVALID_PURPOSE: "the peer's certificate is not meant for both ends of a connection",
  SELF_SIGNED_CERT_IN_CHAIN: "the peer's certificate is of an authority that tls.ca does not name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the peer's certificate is of its own making",
  UNABLE_TO_GET_ISSUER_CERT: "the peer has no certificate of an authority that tls.ca names",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the peer's certificate is of an authority that tls.ca does not name",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the peer's certificate is of an authority that tls.ca does not name",
};

/**
 * What a handshake of mode "ca" reports when all is well but the name: a node's host and the address where it was
 * dialled are two things, and the name is checked when the peer has said who it is. Any other fault is reported before
 * this one.
 */
const OTHER_HOST = "ERR_TLS_CERT_ALTNAME_INVALID";

/** Whether the error of a handshake leaves the peer's certificate trusted. */
export function isTrusted(error: Error | null): boolean {
  return error === null || codeOf(error) === OTHER_HOST;
}

/** The error for a certificate that is not trusted; undefined when something else went wrong. */
export function certificateError(error: Error | null, remote: string): ConnectionError | undefined {
  const code = codeOf(error);
  const fault = FAULTS[code];
  if (fault === undefined) return undefined;
  return new ConnectionError("tls_failed", `${fault}: ${remote} (${code})`, { cause: error });
}

/** For a dial that the other side ended without a word, which is how TLS 1.3 shows that it refused our certificate. */
export function wordlessError(remote: string): ConnectionError {
  const text = `${remote} closed the connection without a word; does it accept this node's certificate?`;
  return new ConnectionError("tls_failed", text);
}

function codeOf(error: Error | null): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

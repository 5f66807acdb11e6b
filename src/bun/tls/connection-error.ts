import { ConnectionError, type ConnectionErrorCode } from "../../base/error.ts";

/** What the operating system and BoringSSL call it → what we call it. */
const CODES: Readonly<Record<string, ConnectionErrorCode>> = {
  ECONNREFUSED: "connection_refused",
  ECONNRESET: "connection_reset",
  EPIPE: "connection_reset",
  ECONNABORTED: "connection_reset",
  ETIMEDOUT: "connection_timeout",
  EHOSTUNREACH: "host_unreachable",
  ENETUNREACH: "host_unreachable",
  EADDRINUSE: "address_in_use",
  EADDRNOTAVAIL: "address_unavailable",
  EACCES: "address_unavailable",
  ENOTFOUND: "name_unresolved",
  EAI_AGAIN: "name_unresolved",
  EPROTO: "tls_failed",
};

/** How BoringSSL's message ends → what the operator is to read and do. */
const TLS_FAULTS: Readonly<Record<string, string>> = {
  WRONG_VERSION_NUMBER:
    "the peer speaks without TLS; if it is a node, set the same tls.mode on both",
  HTTP_REQUEST: "the peer speaks without TLS, HTTP by the look of it",
  PEER_DID_NOT_RETURN_A_CERTIFICATE:
    'the peer shows no certificate; set tls.mode = "ca" there as well',
  TLSV1_ALERT_CERTIFICATE_REQUIRED:
    'the peer wants to see a certificate: its tls.mode is "ca", set the same here',
  TLSV1_ALERT_UNKNOWN_CA: "the peer does not know the authority of this node's certificate",
};

interface SystemError {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** Whether TLS itself failed; any other error of a handshake is a verdict on the peer's certificate. */
export function isTransportFailure(error: Error | null): boolean {
  const code = (error as SystemError | null)?.code;
  return typeof code === "string" && code in CODES;
}

/** `where` is `host:port`. `fallback` names the case when the system's code says nothing that we know. */
export function connectionError(
  cause: unknown,
  where: string,
  fallback: ConnectionErrorCode,
): ConnectionError {
  const { code, message } = (cause ?? {}) as SystemError;
  const systemCode = typeof code === "string" ? code : "";
  const known = CODES[systemCode] ?? (systemCode.startsWith("DNS_") ? "name_unresolved" : fallback);
  const detail = [systemCode, typeof message === "string" ? message : ""]
    .filter((part) => part !== "")
    .join(" ");
  const what = TLS_FAULTS[detail.slice(detail.lastIndexOf(":") + 1)] ?? known.replaceAll("_", " ");
  const text = `${what}: ${where}${detail === "" ? "" : ` (${detail})`}`;
  return new ConnectionError(known, text, { cause });
}

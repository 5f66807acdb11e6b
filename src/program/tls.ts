import { createSelfSigned } from "../bun/certificate.ts";
import { files } from "../bun/files.ts";
import type { NodeConfig } from "../node/config.ts";
import type { TlsSetup } from "../node/thread-message.ts";

/** Days that a certificate made at start lasts: longer than any node runs, since nobody checks it but the exporter. */
const SELF_SIGNED_DAYS = 3_650;

/** Makes or reads what the sockets of a node are protected with. @throws {Error} a file that cannot be read */
export async function loadTls(tls: NodeConfig["tls"], name: string): Promise<TlsSetup> {
  switch (tls.mode) {
    case "off":
      return { mode: "off" };
    case "auto":
      return { mode: "auto", ...(await createSelfSigned({ name, days: SELF_SIGNED_DAYS })) };
    case "ca":
      return {
        mode: "ca",
        key: files.readText(tls.key),
        cert: files.readText(tls.cert),
        ca: files.readText(tls.ca),
      };
  }
}

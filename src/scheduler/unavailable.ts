import { MisuseError } from "../base/error.ts";
import type { NodeServices } from "../process/host.ts";

/** The services of a node, those that are missing replaced by ones that say so when they are used. */
export function unavailable(services: Partial<NodeServices> = {}): NodeServices {
  const missing = (what: string): never => {
    throw new MisuseError("not_running", `this scheduler has no ${what}`);
  };
  return {
    global: services.global ?? (() => missing("global names")),
    groups: services.groups ?? (() => missing("groups")),
    whereisGlobal: services.whereisGlobal ?? (() => undefined),
    rooms: services.rooms ?? (() => missing("rooms")),
    get web() {
      return services.web ?? missing("web server");
    },
    get node() {
      return services.node ?? missing("view of its node");
    },
  };
}

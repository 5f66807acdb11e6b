/** Asks a host's node registry: where a name listens, which nodes there are. */
import { DecodeError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import { REGISTRY_NODES_MAX } from "../../../cluster/registry/registry-desk.ts";
import {
  decodeRegistryAnswer,
  encodeRegistryRequest,
  type RegisteredNode,
  type RegistryAnswer,
  type RegistryRequest,
} from "../../../cluster/registry/registry-message.ts";
import type { Clock } from "../../../port/clock.ts";
import type { Address, Transport } from "../../../port/transport.ts";
import { FrameReader } from "../../../wire/frame.ts";
import { Outbox } from "../../outbox.ts";

export interface RegistryAsk {
  readonly clock: Clock;
  /** Without TLS. */
  readonly transport: Transport;
  readonly address: Address;
  /** Milliseconds until the last answer must be here. */
  readonly timeoutMs: Millis;
}

/** The port of a node of that host; undefined: not registered, or no registry answers. */
export async function askPort(ask: RegistryAsk, name: string): Promise<number | undefined> {
  const [answer] = await answers(ask, { kind: "resolve", name });
  return answer?.kind === "found" ? answer.port : undefined;
}

/** Every node of this host; empty when no registry answers. */
export async function askNames(ask: RegistryAsk): Promise<readonly RegisteredNode[]> {
  const all = await answers(ask, { kind: "names" });
  return all.flatMap((answer) => (answer.kind === "name" ? [answer.node] : []));
}

/** All answers to one request; none when they are not complete in time, or are no answers. */
function answers(ask: RegistryAsk, request: RegistryRequest): Promise<readonly RegistryAnswer[]> {
  const { clock, transport, address, timeoutMs } = ask;
  return new Promise((resolve) => {
    const reader = new FrameReader();
    const outbox = new Outbox();
    outbox.push(encodeRegistryRequest(request));
    const got: RegistryAnswer[] = [];
    const finish = (result: readonly RegistryAnswer[]): void => {
      clock.clearTimer(timer);
      attempt.cancel();
      resolve(result);
    };
    const attempt = transport.dial(address, {
      opened: (connection) => void outbox.flush(connection),
      drained: () => undefined,
      received(bytes) {
        try {
          reader.push(bytes);
          while (reader.next()) {
            const answer = decodeRegistryAnswer(reader.bytes, reader.start, reader.end);
            got.push(answer);
            if (answer.kind !== "name") return finish(got);
            if (got.length > REGISTRY_NODES_MAX) return finish([]);
          }
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          finish([]);
        }
      },
      closed: () => finish([]),
    });
    const timer = clock.setTimer(timeoutMs, () => finish([]));
  });
}

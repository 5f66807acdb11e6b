import { ServiceBroker } from "moleculer";

/** A node of two that know each other's ports: `a` is the first, `b` the second. */
export function startBroker(nodeID: "a" | "b", port: number, peerPort: number): ServiceBroker {
  const peer = nodeID === "a" ? "b" : "a";
  return new ServiceBroker({
    nodeID,
    logger: false,
    // What a call does beside going to the other side is not what is measured.
    tracking: { enabled: false },
    transporter: {
      type: "TCP",
      options: {
        udpDiscovery: false,
        port,
        urls: `127.0.0.1:${port}/${nodeID},127.0.0.1:${peerPort}/${peer}`,
      },
    },
  });
}

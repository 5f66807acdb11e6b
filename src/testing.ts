/** What tests of actors need: `import … from "snow-node/testing"`. */
export { testCluster, type TestCluster } from "./program/test-cluster.ts";
export { FakeClock } from "./program/fake-clock.ts";
export { testNode, type Probe, type TestNode, type TestNodeOptions } from "./program/test-node.ts";

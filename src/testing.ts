/** What tests of actors need: `import … from "snow-node/testing"`. */
export { testCluster, type TestCluster } from "./program/test-cluster.ts";
export { testNode, type Probe, type TestNode } from "./program/test-node.ts";

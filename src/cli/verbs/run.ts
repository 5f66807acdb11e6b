import { ConfigError } from "../../base/error.ts";
import type { NodeConfig } from "../../config/config.ts";
import { isOn } from "../arguments.ts";
import { CONFIG_OPTION, configOptions, configure } from "../configure.ts";
import { jsonLine } from "../show.ts";
import { table } from "../table.ts";
import { JSON_OPTION } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Starts a node. */
export const run: Verb = {
  name: "run",
  summary: "Start a node and keep it running; the verb may be left out.",
  about:
    "Every value may come from an option, an environment variable, the file or a default, in that order. The file's key is\n" +
    "the option with dots: --tls-mode is tls.mode, and SNOW_TLS_MODE in the environment; --name is node.name and SNOW_NAME.\n" +
    "SIGTERM stops the node in order, a second one at once.",
  operands: [],
  options: [
    CONFIG_OPTION,
    {
      name: "--print-config",
      value: undefined,
      doc: "Show every value and where it came from, and start nothing.",
    },
    { ...JSON_OPTION, doc: "With --print-config: one line of JSON." },
    ...configOptions(),
  ],
  examples: [
    "snow-node --name a@127.0.0.1:4369 --module ./app.ts --start main",
    "snow-node run --config cluster.toml --connect b@10.0.0.2:4370",
    "SNOW_TLS_MODE=off snow-node run --config cluster.toml --print-config",
  ],
  async run(args, world) {
    const config = await configure(args, world);
    if (isOn(args, "--print-config")) {
      world.terminal.write(isOn(args, "--json") ? jsonLine(config.settings) : printConfig(config));
      return 0;
    }
    if (config.node.name === undefined) {
      throw new ConfigError(
        "bad_usage",
        "node.name: expected --name name@host:port, SNOW_NAME or name in [node], got none",
      );
    }
    return world.runNode(config);
  },
};

function printConfig(config: NodeConfig): string {
  return table(
    [
      { title: "KEY", cell: (setting) => setting.key },
      { title: "VALUE", cell: (setting) => setting.shown ?? "-" },
      { title: "FROM", cell: (setting) => setting.origin.text },
    ],
    config.settings,
  );
}

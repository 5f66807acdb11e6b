/** The program that test/platform.test.ts compiles: prints, as JSON, what holds inside an executable. */
class Named {}
async function counter(): Promise<void> {}
const arrow = () => {};

Bun.plugin({
  name: "platform",
  setup(build) {
    build.module("platform-node", () => ({ exports: { Named }, loader: "object" }));
  },
});
const user = (await import(process.argv[2]!)) as { made: unknown; total: number };

console.log(
  JSON.stringify({
    names: [counter.name, arrow.name, Named.name],
    sameClass: user.made instanceof Named,
    total: user.total,
    arguments: process.argv.slice(2),
    environment: process.env.FROM_DOTENV ?? null,
    preloaded: "preloaded" in globalThis,
    standalone: Bun.isStandaloneExecutable,
    codeGeneration: new Function("a", "return a + 1")(1) as number,
  }),
);

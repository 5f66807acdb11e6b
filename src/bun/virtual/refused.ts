/** What a simulated process may not have: everything that reaches out of the process, or comes back by a thread of its own. */
import { SimulationError } from "../../base/error.ts";

/** Names of the global object, and of objects on it. */
export const REFUSED_MEMBERS: readonly string[] = [
  ...["fetch", "WebSocket", "EventSource", "Worker", "BroadcastChannel", "MessageChannel"],
  ...["CompressionStream", "DecompressionStream", "crypto.subtle"],
  ...["$", "SQL", "sql", "postgres", "S3Client", "s3", "RedisClient", "redis", "WebView"].map(
    inBun,
  ),
  ...["file", "write", "stdin", "mmap", "connect", "listen", "serve", "udpSocket", "fetch"].map(
    inBun,
  ),
  ...["spawn", "spawnSync", "Terminal", "dns", "secrets", "cron", "build", "openInEditor"].map(
    inBun,
  ),
  ...["sleepSync", "zstdCompress", "zstdDecompress"].map(inBun),
  ...["Bun.password.hash", "Bun.password.verify"],
  ...["exit", "abort", "kill", "reallyExit", "chdir", "dlopen"].map((name) => `process.${name}`),
];

function inBun(name: string): string {
  return `Bun.${name}`;
}

/** Modules of the runtime, without `node:`. */
export const REFUSED_MODULES: readonly string[] = [
  ...["fs", "fs/promises", "net", "tls", "dgram", "dns", "dns/promises", "http", "https", "http2"],
  ...["child_process", "worker_threads", "cluster", "readline", "readline/promises", "repl", "tty"],
  ...["inspector", "inspector/promises", "sqlite", "wasi", "bun:sqlite", "bun:ffi"],
];

/** Functions of modules that are otherwise pure: they answer from a thread of their own. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  crypto: [
    ...[
      "pbkdf2",
      "scrypt",
      "hkdf",
      "generateKey",
      "generateKeyPair",
      "generatePrime",
      "checkPrime",
    ],
    ...["subtle"],
  ],
};

/** Stands for a thing that is refused: whoever calls it, or something of it, gets a `SimulationError`. */
export function refused(path: string): unknown {
  const refuse = (): never => {
    throw new SimulationError(
      "real_io",
      `${path}: a simulated process has no real I/O; simulate takes what stands for it as provide: { ${hint(path)} }`,
    );
  };
  return new Proxy(function () {}, {
    apply: refuse,
    construct: refuse,
    get: (target, key) =>
      // A function's own properties, and what the engine asks of anything: whether it is a promise, how it converts.
      typeof key === "symbol" || key === "then" || key in target
        ? (Reflect.get(target, key) as unknown)
        : refused(`${path}.${key}`),
  });
}

/** `"Bun.file": …`, `"node:fs": { readFileSync: … }`. */
function hint(path: string): string {
  const [, module, member] = /^(\w+:[^.]+)\.(.+)$/.exec(path) ?? [];
  return module === undefined ? `"${path}": …` : `"${module}": { ${member}: … }`;
}

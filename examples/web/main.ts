import { startWeb } from "./server.ts";

const { url } = await startWeb({ port: Number(process.env["PORT"] ?? 8080) });
console.log(`try ${url.href}accounts/acme`);

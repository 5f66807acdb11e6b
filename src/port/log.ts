export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where log lines go. `fields` are plain values; no secret and no user payload is ever among them. */
export interface LogSink {
  write(level: LogLevel, text: string, fields: Readonly<Record<string, unknown>>): void;
}

/** A column of a table: its title, and on which side its cells stand. */
export interface Column<T> {
  readonly title: string;
  readonly align?: "left" | "right";
  cell(row: T): string;
}

const GAP = "  ";

/** Rows under titles, columns aligned, one line each with a line break; cells are cut so that no line is over `width`. */
export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width = Infinity,
): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => oneLine(column.cell(row)))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((cells) => charsOf(cells[index] as string))),
  );
  shrink(widths, width - GAP.length * (columns.length - 1));
  const text = lines.map((cells) =>
    cells
      .map((cell, index) => fit(cell, widths[index] as number, columns[index]?.align ?? "left"))
      .join(GAP)
      .trimEnd(),
  );
  return `${text.join("\n")}\n`;
}

/** Names and values side by side, for one thing with many properties. */
export function properties(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => charsOf(name)));
  return entries
    .map(([name, value]) => `${fit(name, width, "left")}${GAP}${oneLine(value)}\n`)
    .join("");
}

/** Takes characters from the widest column until the sum fits or nothing sensible is left to take. */
function shrink(widths: number[], available: number): void {
  const CHARS_MIN = 8;
  for (let sum = widths.reduce((a, b) => a + b, 0); sum > available; sum--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] as number) <= CHARS_MIN) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

function fit(cell: string, width: number, align: "left" | "right"): string {
  const chars = charsOf(cell);
  if (chars > width)
    return `${Array.from(cell)
      .slice(0, width - 1)
      .join("")}…`;
  const space = " ".repeat(width - chars);
  return align === "right" ? space + cell : cell + space;
}

function charsOf(text: string): number {
  return Array.from(text).length;
}

/** What a peer or a user named must not move the cursor or break the table. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "·");
}

/** Milliseconds for people: `350ms`, `12s`, `3m 20s`, `5h 2m`, `12d 3h`. */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const;
  let rest = Math.floor(ms / 1_000);
  const parts: string[] = [];
  for (const [unit, seconds] of units) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0 || parts.length > 0) parts.push(count > 0 ? `${count}${unit}` : "");
    if (parts.length === 2) break;
  }
  return parts.filter((part) => part !== "").join(" ");
}

/** Bytes for people: `512 B`, `64.0 KiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1_024;
  let unit = 0;
  for (; value >= 1_024 && unit < units.length - 1; unit++) value /= 1_024;
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** A whole number with commas between the thousands. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

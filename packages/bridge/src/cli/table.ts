/** Aligned columns for people. */
import { colors } from "./colors.ts";

const GAP = "  ";

/** One line per row under a line of titles; `nothing` when there are no rows. Cells never break a line or a terminal. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  nothing: string = "None.",
): string {
  if (rows.length === 0) return `${nothing}\n`;
  const cells = rows.map((row) => row.map(cell));
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join(GAP)
      .trimEnd();
  return [colors.dim(line(titles)), ...cells.map(line)].map((text) => `${text}\n`).join("");
}

/** Names and values under each other, the values aligned. */
export function card(fields: readonly (readonly [name: string, value: unknown])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${colors.dim(name.padEnd(width))}${GAP}${cell(value)}\n`).join("");
}

/** A value as one line without control characters: what devices send must not steer a terminal. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replaceAll(/\p{Cc}/gu, "·");
}

const CUT = 160;

/** The data in one short line, for tables. */
export function shortData(data: string | null): string {
  if (data === null) return "";
  const line = data.slice(0, 2 * CUT).replaceAll(/\s+/g, " ");
  return line.length > CUT || data.length > 2 * CUT ? `${line.slice(0, CUT)}…` : line;
}

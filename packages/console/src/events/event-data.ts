/** What a device says, made readable. */

const CUT = 160;

/** The data in one short line, for tables. */
export function shortData(data: string | null): string {
  if (data === null) return "";
  const line = data.slice(0, 2 * CUT).replaceAll(/\s+/g, " ");
  return line.length > CUT || data.length > 2 * CUT ? `${line.slice(0, CUT)}…` : line;
}

/** JSON objects and lists indented, all else as it came. */
export function prettyData(data: string): string {
  if (!/^\s*[[{]/.test(data)) return data;
  try {
    return hasBigNumber(data) ? data : JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}

/** Numbers that a round trip through JavaScript could change: then the text stays as it came. */
function hasBigNumber(data: string): boolean {
  return /\d{16,}|\d\.\d{16,}|\d[eE][+-]?\d{3,}/.test(data);
}

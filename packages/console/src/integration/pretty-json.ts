/** JSON with a line for each value; other text as it is. Numbers that JavaScript would change are left alone. */
export function prettyJson(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const pretty = JSON.stringify(value, null, 2);
    return typeof value === "object" && value !== null && sameDigits(text, pretty) ? pretty : text;
  } catch {
    return text;
  }
}

/** Large and odd numbers do not survive parsing: what is shown must be what was sent. */
function sameDigits(a: string, b: string): boolean {
  return a.replaceAll(/\s/g, "") === b.replaceAll(/\s/g, "");
}

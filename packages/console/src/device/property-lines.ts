/** Application properties as lines of `name=value`. */
export type PropertyLines =
  | { readonly ok: true; readonly value: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly message: string };

export function propertiesOf(text: string): PropertyLines {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs: [string, string][] = [];
  for (const line of lines) {
    const split = line.indexOf("=");
    if (split < 1) return { ok: false, message: `Write name=value: ${line.slice(0, 40)}` };
    pairs.push([line.slice(0, split).trim(), line.slice(split + 1).trim()]);
  }
  return { ok: true, value: Object.fromEntries(pairs) };
}

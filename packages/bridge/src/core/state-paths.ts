/** How the path of a leaf is written: keys joined by dots; a dot within a key, which telemetry may hold, gets a backslash before it. */

export type Path = readonly string[];

export function pathText(path: Path): string {
  return path.map((key) => (key === "" ? "\\e" : key.replaceAll(/[\\.]/g, "\\$&"))).join(".");
}

export function pathFrom(text: string): Path {
  const keys: string[] = [];
  for (const [part] of text.matchAll(/(?:\\.|[^\\.])+/gs)) {
    keys.push(part === "\\e" ? "" : part.replaceAll(/\\(.)/gs, "$1"));
  }
  return keys;
}

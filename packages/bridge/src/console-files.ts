/** Finds and reads the built console. All of it is held in memory: it is small, and nobody waits for the disk. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import type { ConsoleFile, ConsoleFiles } from "./api/console.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** `null` when it was not built. */
export function readConsole(folder: string = builtFolder()): ConsoleFiles | null {
  const document = join(folder, "index.html");
  if (!existsSync(document)) return null;
  const assets = join(folder, "assets");
  const names = readdirSync(assets).filter((name) => TYPES[extname(name)] !== undefined);
  return {
    document: readFileSync(document, "utf8"),
    assets: new Map(names.map((name) => [name, readAsset(join(assets, name))])),
  };
}

function readAsset(file: string): ConsoleFile {
  const compressed = `${file}.gz`;
  return {
    type: TYPES[extname(file)] ?? "application/octet-stream",
    bytes: readFileSync(file),
    gzip: existsSync(compressed) ? readFileSync(compressed) : null,
  };
}

function builtFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("isthmus-console/package.json")), "dist");
}

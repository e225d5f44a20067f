/** The names of many Things: counted, or from a file. */
import { wrongUsage } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Options } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { contentOf } from "../file-content.ts";

/** The names of many, or `null` when one is to be made. */
export async function namesAsked(name: string | undefined, options: Options): Promise<readonly string[] | null> {
  const [count, file] = [countOption(options, "count"), textOption(options, "file")];
  if (count === undefined && file === undefined) return null;
  if (name !== undefined || (count !== undefined && file !== undefined)) {
    throw wrongUsage("Give one name, or --count, or --file.");
  }
  if (file !== undefined) return namesIn(await contentOf(file));
  const [prefix, digits] = [textOption(options, "namePrefix") ?? "", String(count).length];
  return Array.from({ length: count! }, (_, index) => prefix + String(index + 1).padStart(digits, "0"));
}

/** The first column; a head `name` is none. Each name once. */
function namesIn(text: string): readonly string[] {
  const first = text.split(/\r?\n/).map((line) => {
    const quoted = /^\s*"((?:[^"]|"")*)"/.exec(line)?.[1];
    return (quoted?.replaceAll('""', '"') ?? line.split(",")[0]!).trim();
  });
  const names = new Set(first.filter((name, index) => name !== "" && !(index === 0 && name.toLowerCase() === "name")));
  if (names.size === 0)
    throw wrongUsage("The file names no Things.", "One name a line, or in the first column of a CSV.");
  return [...names];
}

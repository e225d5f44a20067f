import { readFile } from "node:fs/promises";
import { wrongUsage } from "./command-failure.ts";

/** The text of a file that the command line names. */
export async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw wrongUsage(`The file ${file} cannot be read.`);
  }
}

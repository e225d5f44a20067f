import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const PAGE = join(SOURCES, "../../../docs/settings.md");
/** Of tests, not of the product. */
const OF_TESTS = /^ISTHMUS_SIM_/;

test("the page of settings names every setting that the code reads, and no other", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" });
  const sources = files.filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("testing"),
  );
  const read = sources.flatMap(
    (file) => readFileSync(join(SOURCES, file), "utf8").match(/(?<=")(?:ISTHMUS_[A-Z_]+|para\.[a-z_.]+)(?=")/g) ?? [],
  );
  const named = readFileSync(PAGE, "utf8").match(/(?<=`)(?:ISTHMUS_[A-Z_]+|para\.[a-z_.]+)(?=`)/g) ?? [];
  const inCode = [...new Set(read)].filter((name) => !OF_TESTS.test(name)).toSorted();
  expect([...new Set(named)].toSorted()).toEqual(inCode);
});

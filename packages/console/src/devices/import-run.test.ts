import { expect, test } from "vitest";
import { ApiFailure } from "../client/failure.ts";
import { readImport } from "./import-lines.ts";
import { runImport, type ImportAnswer, type LineResult } from "./import-run.ts";

const id = (n: number): string => n.toString(16).padStart(24, "0");
const EMPTY: ImportAnswer = { updatedDeviceIds: [], nonmemberDeviceIds: [], invalidDeviceIds: [] };

async function run(
  text: string,
  send: (text: string) => Promise<ImportAnswer>,
  done: ReadonlySet<number> = new Set(),
): Promise<readonly string[]> {
  const results: LineResult[] = [];
  const onResults = (some: readonly LineResult[]): void => void results.push(...some);
  await runImport({ file: readImport(text), done, send, onResults, signal: new AbortController().signal });
  return results
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, outcome, message }) => `${line} ${outcome}: ${message}`);
}

test("each line has its result, and what cannot be right is not sent", async () => {
  const sent: string[] = [];
  const lines = await run([id(1), id(2), "nonsense", id(1), id(3), id(4)].join("\n"), async (text) => {
    sent.push(text);
    return { ...EMPTY, updatedDeviceIds: [id(1), id(4)], nonmemberDeviceIds: [id(2)], nameTakenDeviceIds: [id(4)] };
  });
  expect(sent).toEqual([[id(1), id(2), id(3), id(4)].join("\n")]);
  expect(lines.map((line) => line.split(":")[0])).toEqual([
    "1 imported",
    "2 elsewhere",
    "3 invalid",
    "4 repeated",
    "5 there",
    "6 name_taken",
  ]);
  expect(lines[3]).toContain("line 1");
});

test("a line that the server refuses is told, and the rest of its piece is sent again", async () => {
  const sent: string[] = [];
  const lines = await run(`id,notes\n${id(1)},"two\nlines"\n${id(2)},bad\n${id(3)},x`, async (text) => {
    sent.push(text);
    const at = text.split("\n").findIndex((line) => line.endsWith(",bad"));
    if (at >= 0) throw new ApiFailure({ status: 400, message: `Line ${at + 1} of the file: notes must not be bad` });
    return { ...EMPTY, updatedDeviceIds: [id(1), id(3)] };
  });
  expect(sent).toHaveLength(2);
  expect(lines[1]).toBe("4 invalid: notes must not be bad");
  expect(lines.map((line) => line.split(":")[0])).toEqual(["2 imported", "4 invalid", "5 imported"]);
});

test("an import that was interrupted goes on after the lines that are done", async () => {
  const text = Array.from({ length: 600 }, (_, n) => id(n)).join("\n");
  const sizes: number[] = [];
  const away = new ApiFailure({ status: 503, message: "Not now." });
  const results = new Set<number>();
  const send = async (piece: string): Promise<ImportAnswer> => {
    sizes.push(piece.split("\n").length);
    if (sizes.length === 2) throw away;
    return { ...EMPTY, updatedDeviceIds: piece.split("\n") };
  };
  const attempt = (): Promise<void> =>
    runImport({
      file: readImport(text),
      done: new Set(results),
      send,
      onResults: (some) => some.forEach(({ line }) => results.add(line)),
      signal: new AbortController().signal,
    });
  await expect(attempt()).rejects.toBe(away);
  expect(results.size).toBe(250);
  await attempt();
  expect(results.size).toBe(600);
  expect(sizes).toEqual([250, 250, 250, 100]);
});

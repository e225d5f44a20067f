import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openJournal } from "./journal-file.ts";

async function inFolder(use: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    await use(join(folder, "journal.jsonl"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("what was committed is there after opening again; what was deleted is not", async () => {
  await inFolder(async (file) => {
    const journal = await openJournal(file);
    await journal.commit([
      ["a", { x: "ü\n" }],
      ["b", 2],
    ]);
    await Promise.all([
      journal.commit([["a", { x: 3 }]]),
      journal.commit([
        ["b", undefined],
        ["c", null],
      ]),
    ]);
    await journal.close();
    const again = await openJournal(file);
    expect([...again.entries]).toEqual([
      ["a", { x: 3 }],
      ["c", null],
    ]);
    await again.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});

test("a commit is in the file when it is answered", async () => {
  await inFolder(async (file) => {
    const journal = await openJournal(file);
    await journal.commit([["a", 1]]);
    expect(await readFile(file, "utf8")).toBe('[["a",1]]\n');
    await journal.close();
  });
});

test("half a line at the end is cut off, and the journal goes on", async () => {
  await inFolder(async (file) => {
    await writeFile(file, '[["a",1]]\n[["b",');
    const journal = await openJournal(file);
    expect([...journal.entries]).toEqual([["a", 1]]);
    await journal.commit([["c", 3]]);
    await journal.close();
    const again = await openJournal(file);
    expect([...again.entries]).toEqual([
      ["a", 1],
      ["c", 3],
    ]);
    await again.close();
  });
});

test("a damaged line before the last is refused with the file's name", async () => {
  await inFolder(async (file) => {
    await appendFile(file, '[["a",1]]\n???\n[["b",2]]\n');
    await expect(openJournal(file)).rejects.toThrow(/journal\.jsonl is damaged/);
  });
});

test("a journal of changes to few values stays small and loses none of them", async () => {
  await inFolder(async (file) => {
    const journal = await openJournal(file);
    const value = "x".repeat(100);
    for (let i = 0; i < 300; i++) {
      await Promise.all(Array.from({ length: 100 }, (_, k) => journal.commit([[`key${k}`, `${i} ${value}`]])));
    }
    await journal.close();
    expect((await stat(file)).size).toBeLessThan(12_000 * 130);
    const again = await openJournal(file);
    expect(again.entries.size).toBe(100);
    for (const kept of again.entries.values()) expect(kept).toBe(`299 ${value}`);
    await again.close();
  });
});

test("a journal longer than one read, with lines longer than one, opens whole", async () => {
  await inFolder(async (file) => {
    const journal = await openJournal(file);
    const long = "é".repeat(700_000);
    for (let i = 0; i < 5; i++) await journal.commit([[`key${i}`, `${i}${long}`]]);
    await journal.close();
    await appendFile(file, "[[");
    const again = await openJournal(file);
    expect(again.entries.size).toBe(5);
    for (const [key, value] of again.entries) expect(value === `${key.slice(3)}${long}`).toBe(true);
    await again.close();
  });
});

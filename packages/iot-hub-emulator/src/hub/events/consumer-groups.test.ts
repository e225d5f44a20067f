import { expect, test } from "vitest";
import { ConsumerGroups } from "./consumer-groups.ts";
import type { Journal } from "../journal/journal.ts";

function journalOf(entries: Map<string, unknown> = new Map()): Journal {
  return {
    entries,
    commit: async (changes) => {
      for (const [key, value] of changes)
        if (value === undefined) entries.delete(key);
        else entries.set(key, value);
    },
    close: () => Promise.resolve(),
  };
}

test("there is always $Default, and names are found without case", async () => {
  const groups = await ConsumerGroups.open(journalOf(), ["Lights"]);
  expect([...groups]).toEqual(["$Default", "Lights"]);
  expect(groups.find("$DEFAULT")).toBe("$Default");
  expect(groups.find("lights")).toBe("Lights");
  await expect(groups.remove("$default")).rejects.toMatchObject({ errorName: "InvalidOperation" });
});

test("groups outlive the hub, removed ones do not", async () => {
  const entries = new Map<string, unknown>();
  const groups = await ConsumerGroups.open(journalOf(entries), ["one", "two"]);
  const removed: string[] = [];
  groups.onRemoved((name) => removed.push(name));
  await groups.remove("ONE");
  expect(removed).toEqual(["one"]);
  expect([...(await ConsumerGroups.open(journalOf(entries)))]).toEqual(["$Default", "two"]);
});

test("names and their number are limited", async () => {
  const groups = await ConsumerGroups.open(journalOf());
  for (const name of ["", "a/b", "-a", "a".repeat(51), "$other"]) {
    await expect(groups.add(name)).rejects.toMatchObject({ errorName: "ArgumentInvalid" });
  }
  for (let i = 1; i < 20; i++) await groups.add(`group-${i}`);
  await expect(groups.add("one-more")).rejects.toThrow("at most 20");
  await groups.add("group-1");
});

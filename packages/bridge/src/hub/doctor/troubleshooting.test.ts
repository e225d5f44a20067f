/** The troubleshooting page is read by people in trouble: it says what the code says, of every code. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAILURES, type FailureScope } from "../../core/failure.ts";
import { HUB_CODES } from "./hub-codes.ts";

const PAGE = readFileSync(new URL("../../../../../docs/troubleshooting.md", import.meta.url), "utf8");

const MEANWHILE: Readonly<Record<FailureScope, string>> = {
  event: "the event is parked, the device goes on",
  device: "the device's events wait, other devices go on",
  state: "the device's state waits, its events go on",
  route: "the integration's events wait",
  hub: "all events for this hub wait",
  reading: "changes by devices arrive late, by comparison",
};

/** Cells of the table that follows the heading, without the titles. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|").replaceAll("\\*", "*").replaceAll("\\_", "_")),
  );
}

test("every failure code has its row", () => {
  const rows = Object.entries(FAILURES).map(([code, { scope, nextStep }]) => [
    `\`${code}\``,
    MEANWHILE[scope],
    nextStep,
  ]);
  expect(tableUnder("Codes of failures")).toEqual(rows);
});

test("every number of the hub has its row", () => {
  const rows = Object.entries(HUB_CODES).map(([number, { name, meaning, nextStep }]) => [
    number,
    name,
    meaning,
    nextStep,
  ]);
  expect(tableUnder("Numbers of the hub")).toEqual(rows);
});
